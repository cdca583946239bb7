/* zdtm:
 * title: a file of /proc/pressure that is open for triggers, but has none
 * needs: file:/proc/pressure/memory
 * rights: /proc/pressure belongs to the machine's root
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  static const char kTrigger[] = "some 150000 2000000";
  char text[256];
  test_init(argc, argv);
  int fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK);
  if (fd < 0) skip("no pressure here: %s", strerror(errno));
  move_fd(fd, 77);
  if (read(77, text, 4) < 0) skip("no pressure here: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  expect_eq(lseek(77, 0, SEEK_CUR), 4);
  expect(pread(77, text, sizeof(text), 0) > 0 && strncmp(text, "some avg10=", 11) == 0);
  if (write(77, kTrigger, sizeof(kTrigger)) < 0) expect(errno != EBUSY);
  pass();
}
