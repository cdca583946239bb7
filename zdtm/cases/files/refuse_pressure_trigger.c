/* zdtm:
 * title: a trigger that reports pressure (PSI) is refused by name; it is still there
 * refuse: it has a trigger that reports pressure
 * needs: file:/proc/pressure/memory
 * rights: /proc/pressure belongs to the machine's root
 */
#define _GNU_SOURCE
#include <poll.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  static const char kTrigger[] = "some 150000 2000000";
  test_init(argc, argv);
  int fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK);
  if (fd < 0) skip("no pressure here: %s", strerror(errno));
  move_fd(fd, 77);
  if (write(77, kTrigger, sizeof(kTrigger)) < 0) skip("no triggers here: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  /* One is all that a description may have. */
  expect_errno(write(77, kTrigger, sizeof(kTrigger)), EBUSY);
  pass();
}
