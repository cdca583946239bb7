/* zdtm:
 * title: a dead init of a pid namespace that a fault has killed is refused: no signal from outside can do that
 * refuse: it was the first process of a pid namespace, which signal 11 has killed
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "nested.h"

int main(int argc, char** argv) {
  siginfo_t info;
  int status;
  test_init(argc, argv);
  pid_t pid = fork_with(CLONE_NEWPID);
  if (!pid) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    for (;;) *(volatile int*)8 = 1;
  }
  must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));

  test_daemon();
  test_waitsig();

  must(waitpid(pid, &status, 0));
  expect(WIFSIGNALED(status));
  expect_eq(WTERMSIG(status), SIGSEGV);
  pass();
  return 0;
}
