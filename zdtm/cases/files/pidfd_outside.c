/* zdtm:
 * title: a pidfd of a process outside of the tree leads to the same process again; of one that has ended meanwhile, to a dead one
 * outside: the processes would be in the tree
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"
#include "outside_process.h"

enum { kInit = 77, kInitToo, kPassing };

int main(int argc, char** argv) {
  struct stat before, now;
  test_init(argc, argv);
  int fd = open_pidfd(1, O_NONBLOCK);
  if (fd < 0) skip("no pidfds here: %s", strerror(errno));
  move_fd(fd, kInit);
  must(dup2(kInit, kInitToo));
  must(fstat(kInit, &before));
  pid_t passing = start_outside();
  move_fd(must(open_pidfd(passing, 0)), kPassing);

  test_daemon();
  test_waitsig();

  expect(!is_dead(kInit) && !is_dead(kInitToo));
  expect(same_description(getpid(), kInit, getpid(), kInitToo));
  expect_eq(atoi(fdinfo_line(kInit, "Pid:")), 1);
  expect_eq(fcntl(kInit, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  must(syscall(SYS_pidfd_send_signal, kInit, 0, NULL, 0));
  must(fstat(kInit, &now));
  expect(before.st_ino == now.st_ino && before.st_dev == now.st_dev);
  if (kill(passing, 0) == 0) {
    expect(!is_dead(kPassing));
    must(syscall(SYS_pidfd_send_signal, kPassing, SIGKILL, NULL, 0));
  } else {
    expect(is_dead(kPassing));
    expect_errno(syscall(SYS_pidfd_send_signal, kPassing, 0, NULL, 0), ESRCH);
  }
  pass();
}
