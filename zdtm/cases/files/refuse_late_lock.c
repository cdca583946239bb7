/* zdtm:
 * title: a file of /proc/PID that comes late in a restore is refused when it has a lock
 * refuse: it has a lock
 */
#define _GNU_SOURCE
#include <sys/file.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int late = must(open("/proc/self/fdinfo/0", O_RDONLY)); /* a restore can open it when descriptor 0 is there */
  must(flock(late, LOCK_EX));

  test_daemon();
  test_waitsig();

  int other = must(open("/proc/self/fdinfo/0", O_RDONLY));
  expect_errno(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  must(flock(late, LOCK_UN));
  pass();
}
