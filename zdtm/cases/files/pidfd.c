/* zdtm:
 * title: pidfds of live processes, of a zombie, of the process itself, of the dead; by process and by thread
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static void nothing(void* arg) { (void)arg; }

static int open_pidfd(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
static long send_signal(int fd, int sig) { return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0); }
static int is_dead(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  return must(poll(&p, 1, 0));
}

int main(int argc, char** argv) {
  struct stat one, two;
  siginfo_t info;
  test_init(argc, argv);
  pid_t pid = waiting_child_start(NULL, nothing, NULL);
  int fd = open_pidfd(pid, 0);
  if (fd < 0) skip("no pidfds here: %s", strerror(errno));
  fd = move_fd(fd, 77);
  int self = move_fd(must(open_pidfd(getpid(), O_NONBLOCK)), 78);
  int thread = open_pidfd(getpid(), O_EXCL /* PIDFD_THREAD */);
  if (thread < 0) test_msg("no PIDFD_THREAD here\n");
  pid_t zombie = must(fork());
  if (zombie == 0) _exit(17);
  int of_zombie = must(open_pidfd(zombie, 0));
  must(waitid(P_PID, zombie, &info, WEXITED | WNOWAIT));
  pid_t gone = must(fork());
  if (gone == 0) _exit(0);
  int dead = must(open_pidfd(gone, 0)), dead_too = must(open_pidfd(gone, 0));
  must(waitpid(gone, NULL, 0));

  test_daemon();
  test_waitsig();

  expect(!is_dead(fd) && !is_dead(self));
  if (thread >= 0) expect(fcntl(thread, F_GETFL) & O_EXCL);
  expect_eq(fcntl(self, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  must(send_signal(self, 0));
  expect(is_dead(dead) && is_dead(dead_too));
  expect_errno(send_signal(dead, 0), ESRCH);
  must(fstat(dead, &one));
  must(fstat(dead_too, &two));
  expect_eq(one.st_ino, two.st_ino);
  expect(is_dead(of_zombie));
  must(waitid(P_PIDFD, of_zombie, &info, WEXITED));
  expect(info.si_pid == zombie && info.si_status == 17);
  must(send_signal(fd, SIGTERM));
  must(waitid(P_PIDFD, fd, &info, WEXITED));
  expect_eq(info.si_pid, pid);
  expect(is_dead(fd));
  pass();
}
