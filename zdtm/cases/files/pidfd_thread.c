/* zdtm:
 * title: pidfds of threads that are not main ones: duplicates, flags, one that a child has too, one of a child's thread, in an epoll
 * needs: kernel>=6.9
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

enum { kPidfdThread = O_EXCL, kOfOwn = 77, kTwice, kOfChild, kEpoll };

static volatile int go_on;

static int open_pidfd(pid_t pid, unsigned flags) { return must(syscall(SYS_pidfd_open, pid, flags)); }
static void expect_leads_to(int fd, pid_t tid) {
  expect_eq(atoi(fdinfo_line(fd, "Pid:")), tid);
  expect(fcntl(fd, F_GETFL) & kPidfdThread);
  must(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
}

static void* sleeper(void* tid) {
  *(volatile pid_t*)tid = gettid();
  while (!go_on) usleep(10000);
  return NULL;
}

static pid_t start_thread(pthread_t* thread) {
  volatile pid_t tid = 0;
  sigset_t all, old;
  sigfillset(&all);
  must(sigprocmask(SIG_BLOCK, &all, &old)); /* signals are for the main thread */
  expect_eq(pthread_create(thread, NULL, sleeper, (void*)&tid), 0);
  must(sigprocmask(SIG_SETMASK, &old, NULL));
  while (!tid) usleep(100);
  return tid;
}

struct told {
  pid_t own, of_child;
};

static void set_up_child(void* shared) {
  pthread_t thread;
  ((struct told*)shared)->of_child = start_thread(&thread);
}

/* The child has inherited the descriptor of its parent's thread. */
static void check_child(void* shared) {
  const struct told* told = shared;
  expect_leads_to(kOfOwn, told->own);
  expect_leads_to(kTwice, told->own);
  expect(same_description(getpid(), kOfOwn, getppid(), kOfOwn));
  expect(same_description(getpid(), kOfOwn, getpid(), kTwice));
}

int main(int argc, char** argv) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42};
  pthread_t thread;
  test_init(argc, argv);
  struct told* told = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  told->own = start_thread(&thread);
  move_fd(open_pidfd(told->own, kPidfdThread | O_NONBLOCK), kOfOwn);
  must(dup3(kOfOwn, kTwice, O_CLOEXEC));
  pid_t child = waiting_child_start(set_up_child, check_child, told);
  move_fd(open_pidfd(told->of_child, kPidfdThread), kOfChild);
  move_fd(must(epoll_create1(0)), kEpoll);
  must(epoll_ctl(kEpoll, EPOLL_CTL_ADD, kOfOwn, &event));

  test_daemon();
  test_waitsig();

  expect_leads_to(kOfOwn, told->own);
  expect_leads_to(kTwice, told->own);
  expect_leads_to(kOfChild, told->of_child);
  expect(same_description(getpid(), kOfOwn, getpid(), kTwice));
  expect_eq(fcntl(kOfOwn, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  expect_eq(fcntl(kOfChild, F_GETFL) & O_NONBLOCK, 0);
  expect_eq(fcntl(kOfOwn, F_GETFD), 0);
  expect_eq(fcntl(kTwice, F_GETFD), FD_CLOEXEC);
  expect_eq(epoll_wait(kEpoll, &event, 1, 0), 0);
  waiting_child_finish(child);
  go_on = 1;
  expect_eq(pthread_join(thread, NULL), 0);
  expect_eq(epoll_wait(kEpoll, &event, 1, 5000), 1);
  expect_eq(event.data.u64, 42);
  expect_errno(syscall(SYS_pidfd_send_signal, kOfOwn, 0, NULL, 0), ESRCH);
  pass();
}
