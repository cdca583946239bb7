/* zdtm:
 * title: a file of /proc/PID that comes late in a restore is refused when it has an owner of signals
 * refuse: it has an owner of signals
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int late = must(open("/proc/self/fdinfo/0", O_RDONLY)); /* a restore can open it when descriptor 0 is there */
  must(fcntl(late, F_SETOWN, getpid()));

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(late, F_GETOWN), getpid());
  pass();
}
