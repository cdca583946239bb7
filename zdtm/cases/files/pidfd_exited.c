/* zdtm:
 * title: pidfds of processes and of a thread that have ended and were waited for: still dead, and they tell how those ended
 * needs: kernel>=6.15
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"

enum { kExited = 77, kExitedToo, kKilled, kThread, kSuccess };

/* struct pidfd_info */
struct info {
  uint64_t mask, cgroup;
  uint32_t ids[11];
  int32_t exit_code;
};

static int status_of(int fd) {
  enum { kExit = 8 };
  struct info info = {.mask = kExit};
  must(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 0xff, 11, sizeof(info)), &info));
  expect(info.mask & kExit);
  return info.exit_code;
}

static int pidfd_of_dead(int how) {
  pid_t pid = must(fork());
  if (pid == 0) {
    if (how < 0) kill(getpid(), -how);
    _exit(how);
  }
  int fd = must(syscall(SYS_pidfd_open, pid, 0));
  must(waitpid(pid, NULL, 0));
  return fd;
}

static void* opener(void* unused) {
  move_fd(must(syscall(SYS_pidfd_open, gettid(), O_EXCL /* PIDFD_THREAD */)), kThread);
  return unused;
}

int main(int argc, char** argv) {
  pthread_t thread;
  struct stat one, two;
  test_init(argc, argv);
  move_fd(pidfd_of_dead(17), kExited);
  /* Another description of the same process. */
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", kExited);
  int again = open(path, O_RDONLY);
  if (again >= 0) move_fd(again, kExitedToo);
  move_fd(pidfd_of_dead(-SIGUSR1), kKilled);
  move_fd(pidfd_of_dead(0), kSuccess);
  expect_eq(pthread_create(&thread, NULL, opener, NULL), 0);
  expect_eq(pthread_join(thread, NULL), 0);

  test_daemon();
  test_waitsig();

  expect_eq(status_of(kExited), 17 << 8);
  expect_eq(status_of(kKilled), SIGUSR1);
  expect_eq(status_of(kSuccess), 0);
  expect_eq(status_of(kThread), 0);
  for (int fd = kExited; fd <= kSuccess; fd++) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (fd == kExitedToo && again < 0) continue;
    expect_eq(must(poll(&p, 1, 0)), 1);
    expect_eq(atoi(fdinfo_line(fd, "Pid:")), -1);
  }
  if (again >= 0) {
    must(fstat(kExited, &one));
    must(fstat(kExitedToo, &two));
    expect_eq(one.st_ino, two.st_ino);
  }
  expect(fcntl(kThread, F_GETFL) & O_EXCL);
  pass();
}
