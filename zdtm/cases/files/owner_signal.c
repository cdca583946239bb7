/* zdtm:
 * title: owner and signal of descriptors: F_SETOWN, F_SETOWN_EX with thread, process and group, F_SETSIG
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[5][2];
  test_init(argc, argv);
  for (int i = 0; i < 5; i++) must(pipe(p[i]));
  struct f_owner_ex thread = {F_OWNER_TID, gettid()}, process = {F_OWNER_PID, getpid()},
                    group = {F_OWNER_PGRP, getpgrp()};
  must(fcntl(p[0][0], F_SETOWN, getpid()));
  must(fcntl(p[1][0], F_SETOWN_EX, &thread));
  must(fcntl(p[2][0], F_SETOWN_EX, &process));
  must(fcntl(p[2][0], F_SETSIG, SIGRTMIN + 5));
  must(fcntl(p[3][0], F_SETOWN_EX, &group));
  must(fcntl(p[3][0], F_SETSIG, SIGIO));

  test_daemon();
  test_waitsig();

  struct f_owner_ex owner = {0};
  expect_eq(fcntl(p[0][0], F_GETOWN), getpid());
  expect_eq(fcntl(p[0][0], F_GETSIG), 0);
  must(fcntl(p[1][0], F_GETOWN_EX, &owner));
  expect(owner.type == F_OWNER_TID && owner.pid == gettid());
  must(fcntl(p[2][0], F_GETOWN_EX, &owner));
  expect(owner.type == F_OWNER_PID && owner.pid == getpid());
  expect_eq(fcntl(p[2][0], F_GETSIG), SIGRTMIN + 5);
  must(fcntl(p[3][0], F_GETOWN_EX, &owner));
  expect(owner.type == F_OWNER_PGRP && owner.pid == getpgrp());
  expect_eq(fcntl(p[3][0], F_GETSIG), SIGIO);
  expect_eq(fcntl(p[4][0], F_GETOWN), 0);
  pass();
}
