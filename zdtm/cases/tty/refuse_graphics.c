/* zdtm:
 * title: a virtual console that shows graphics is refused by name
 * refuse: KD_GRAPHICS
 * needs: file:/dev/tty61
 */
#define _GNU_SOURCE
#include <linux/kd.h>
#include <sys/ioctl.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = open("/dev/tty61", O_RDWR | O_NOCTTY), shows = 0;
  if (fd < 0) skip("no virtual console: %s", strerror(errno));
  must(ioctl(fd, KDSETMODE, KD_GRAPHICS));

  test_daemon();
  test_waitsig();

  must(ioctl(fd, KDGETMODE, &shows));
  expect_eq(shows, KD_GRAPHICS);
  must(ioctl(fd, KDSETMODE, KD_TEXT));
  pass();
  return 0;
}
