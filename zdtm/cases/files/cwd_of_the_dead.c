/* zdtm:
 * title: a working directory in /proc/PID of a process that is gone
 * outside: the directory of a dead process does not tell from outside which pid it had inside
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"

static void read_cwd(char text[64]) { text[must(readlink("/proc/self/cwd", text, 63))] = 0; }

int main(int argc, char** argv) {
  char before[64], now[64], path[32];
  test_init(argc, argv);
  pid_t pid = must(fork());
  if (pid == 0)
    for (;;) pause();
  snprintf(path, sizeof(path), "/proc/%d", pid);
  must(chdir(path));
  must(kill(pid, SIGKILL));
  must(waitpid(pid, NULL, 0));
  read_cwd(before);

  test_daemon();
  test_waitsig();

  read_cwd(now);
  if (strcmp(before, now)) die("it was %s and is %s", before, now);
  expect(access("stat", F_OK) != 0);
  expect(chdir(".") != 0);
  pass();
}
