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

static struct threads t = {.count = 1};

int main(int argc, char** argv) {
  int ends[2];
  test_init(argc, argv);
  threads_start(&t);
  int fd = must(syscall(SYS_pidfd_open, t.tid[0], O_EXCL /* PIDFD_THREAD */));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  send_fds(ends[0], "thread", &fd, 1);

  test_daemon();
  test_waitsig();

  int received;
  expect_eq(receive_fds(ends[1], "thread", &received), 1);
  expect_eq(atoi(fdinfo_line(received, "Pid:")), t.tid[0]);
  expect(same_description(getpid(), fd, getpid(), received));
  threads_finish(&t);
  pass();
}
