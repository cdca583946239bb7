/* zdtm:
 * title: the list of descriptors of a process that is gone, which nobody can look at any more, is refused by name
 * refuse: it is of a process that is gone
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char path[64];
  struct stat st;
  test_init(argc, argv);
  pid_t pid = must(fork());
  if (pid == 0)
    for (;;) pause();
  snprintf(path, sizeof(path), "/proc/%d/fd", pid);
  move_fd(must(open(path, O_RDONLY | O_DIRECTORY)), 77);
  must(kill(pid, SIGKILL));
  must(waitpid(pid, NULL, 0));
  if (fstat(77, &st) == 0) skip("it can be looked at here");

  test_daemon();
  test_waitsig();

  expect_errno(fstat(77, &st), ENOENT);
  pass();
}
