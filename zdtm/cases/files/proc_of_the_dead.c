/* zdtm:
 * title: open files and the directory of /proc/PID of a process that is gone
 * outside: the directory of a dead process does not tell from outside which pid it had inside
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char path[64], text[64];
  test_init(argc, argv);
  pid_t pid = must(fork());
  if (pid == 0)
    for (;;) pause();
  snprintf(path, sizeof(path), "/proc/%d", pid);
  int dir = must(open(path, O_RDONLY | O_DIRECTORY));
  int status = must(openat(dir, "status", O_RDONLY));
  int link = must(openat(dir, "stat", O_PATH));
  must(kill(pid, SIGKILL));
  must(waitpid(pid, NULL, 0));

  test_daemon();
  test_waitsig();

  expect_errno(read(status, text, sizeof(text)), ESRCH);
  expect_errno(openat(dir, "status", O_RDONLY), ESRCH);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", link);
  ssize_t n = must(readlink(path, text, sizeof(text) - 1));
  text[n] = 0;
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  expect(!strncmp(text, path, strlen(path)));
  expect_errno(kill(pid, 0), ESRCH);
  pass();
}
