/* zdtm:
 * title: a pidfd of a thread that is not a main one is refused when a message in flight has it too
 * refuse: a message in flight has it
 * needs: kernel>=6.9
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"
#include "threads.h"

static volatile pid_t tid;
static volatile int go_on;

static void* sleeper(void* arg) {
  tid = gettid();
  while (!go_on) usleep(10000);
  return arg;
}

int main(int argc, char** argv) {
  int ends[2];
  pthread_t thread;
  test_init(argc, argv);
  expect_eq(pthread_create(&thread, NULL, sleeper, NULL), 0);
  while (!tid) usleep(100);
  int fd = must(syscall(SYS_pidfd_open, tid, O_EXCL /* PIDFD_THREAD */));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  send_fds(ends[0], "thread", &fd, 1);

  test_daemon();
  test_waitsig();

  int received;
  expect_eq(receive_fds(ends[1], "thread", &received), 1);
  expect_eq(atoi(fdinfo_line(received, "Pid:")), tid);
  expect(same_description(getpid(), fd, getpid(), received));
  go_on = 1;
  pthread_join(thread, NULL);
  pass();
}
