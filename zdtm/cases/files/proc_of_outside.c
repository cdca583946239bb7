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

enum { kInit = 77, kPassing };

static int is_dead(int pidfd) {
  struct pollfd p = {.fd = pidfd, .events = POLLIN};
  return must(poll(&p, 1, 0));
}

/* A grandchild that nobody in the tree is the parent of, and that ends with the case. */
static pid_t start_outside(void) {
  int told[2];
  pid_t pid = 0, root = getpid();
  must(pipe(told));
  pid_t between = must(fork());
  if (between == 0) {
    pid = must(fork());
    if (pid != 0) _exit(0);
    must(setsid());
    pid = getpid();
    int of_root = must(syscall(SYS_pidfd_open, root, 0));
    while (getppid() == between) usleep(100);
    must(write(told[1], &pid, sizeof(pid)));
    must(close_range(0, of_root - 1, 0));
    must(close_range(of_root + 1, ~0u, 0));
    while (!is_dead(of_root)) usleep(1000);
    _exit(0);
  }
  expect_eq(read(told[0], &pid, sizeof(pid)), sizeof(pid));
  close(told[0]);
  close(told[1]);
  must(waitpid(between, NULL, 0));
  return pid;
}

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
