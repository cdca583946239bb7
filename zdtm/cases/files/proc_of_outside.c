/* zdtm:
 * title: open files of /proc/PID of a process outside of the tree lead to the same process again; of one that has ended meanwhile, to a dead one
 * outside: the processes would be in the tree
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"
#include "outside_process.h"

enum { kInit = 77, kPassing };

static void open_stat(pid_t pid, int number) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  move_fd(must(open(path, O_RDONLY)), number);
}

int main(int argc, char** argv) {
  char text[64] = "";
  test_init(argc, argv);
  pid_t passing = start_outside();
  open_stat(1, kInit);
  must(lseek(kInit, 2, SEEK_SET));
  open_stat(passing, kPassing);

  test_daemon();
  test_waitsig();

  expect_eq(lseek(kInit, 0, SEEK_CUR), 2);
  expect(pread(kInit, text, sizeof(text) - 1, 0) > 0 && strncmp(text, "1 (", 3) == 0);
  if (kill(passing, 0) == 0) {
    expect(pread(kPassing, text, sizeof(text) - 1, 0) > 0 && atoi(text) == passing);
    must(kill(passing, SIGKILL));
  } else {
    expect_errno(pread(kPassing, text, sizeof(text) - 1, 0), ESRCH);
  }
  pass();
}
