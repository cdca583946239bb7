/* zdtm:
 * title: a description in flight that others have open, too: still one description, also one sent twice
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"
#include "waiting_child.h"

static int file;

static void child_reads(void* arg) {
  (void)arg;
  expect_eq(lseek(file, 0, SEEK_CUR), 30);
  must(lseek(file, 40, SEEK_SET));
}

int main(int argc, char** argv) {
  int s[2], first[kMaxPassed], second[kMaxPassed];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
  file = make_file("file", 100, 1);
  pid_t pid = waiting_child_start(NULL, child_reads, NULL);
  send_fds(s[0], "a", &file, 1);
  send_fds(s[0], "b", (int[]){file, file, s[0]}, 3); /* the socket travels in itself */

  test_daemon();
  test_waitsig();

  expect_eq(receive_fds(s[1], "a", first), 1);
  expect_eq(receive_fds(s[1], "b", second), 3);
  expect(same_description(getpid(), file, getpid(), first[0]));
  expect(same_description(getpid(), first[0], getpid(), second[0]));
  expect(same_description(getpid(), first[0], getpid(), second[1]));
  expect(same_description(getpid(), s[0], getpid(), second[2]));
  must(lseek(second[0], 30, SEEK_SET));
  waiting_child_finish(pid);
  expect_eq(lseek(file, 0, SEEK_CUR), 40);
  pass();
}
