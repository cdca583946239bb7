/* zdtm:
 * title: signalfds: mask, flags, and a pending signal that can be read afterwards
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/signalfd.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  sigset_t mask, other;
  struct signalfd_siginfo info;
  test_init(argc, argv);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGRTMIN + 3);
  sigemptyset(&other);
  sigaddset(&other, SIGUSR2);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  sigprocmask(SIG_BLOCK, &other, NULL);
  int fd = must(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC)), second = must(signalfd(-1, &other, SFD_NONBLOCK));
  must(kill(getpid(), SIGUSR1));
  must(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 77}));

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
  expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
  expect_errno(read(second, &info, sizeof(info)), EAGAIN);
  expect_eq(read(fd, &info, sizeof(info)), sizeof(info));
  expect_eq(info.ssi_signo, SIGUSR1);
  expect_eq(info.ssi_pid, getpid());
  expect_eq(read(fd, &info, sizeof(info)), sizeof(info));
  expect_eq(info.ssi_signo, SIGRTMIN + 3);
  expect_eq(info.ssi_int, 77);
  expect_errno(read(fd, &info, sizeof(info)), EAGAIN);
  must(kill(getpid(), SIGUSR2));
  expect_errno(read(fd, &info, sizeof(info)), EAGAIN);
  expect_eq(read(second, &info, sizeof(info)), sizeof(info));
  expect_eq(info.ssi_signo, SIGUSR2);
  pass();
}
