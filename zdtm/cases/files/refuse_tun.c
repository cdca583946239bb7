/* zdtm:
 * title: an opened /dev/net/tun is refused by its descriptor and path
 * refuse: fd 77 (/dev/net/tun
 * needs: file:/dev/net/tun
 */
#define _GNU_SOURCE
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  unsigned before = 0, after = 1;
  test_init(argc, argv);
  int fd = open("/dev/net/tun", O_RDWR); /* no interface is made: nothing of the machine changes */
  if (fd < 0) skip("/dev/net/tun: %s", strerror(errno));
  fd = move_fd(fd, 77);
  must(ioctl(fd, TUNGETFEATURES, &before));

  test_daemon();
  test_waitsig();

  must(ioctl(fd, TUNGETFEATURES, &after));
  expect_eq(after, before);
  pass();
}
