/* zdtm:
 * title: descriptors in flight in messages (SCM_RIGHTS): file, removed file, pipe, eventfd; open nowhere else
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  int s[2], p[2], got[kMaxPassed];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  must(pipe(p));
  int file = make_file("file", 100, 1), ghost = make_file("ghost", 200, 2), event = must(eventfd(9, 0));
  must(unlink("ghost"));
  must(lseek(file, 50, SEEK_SET));
  write_text(p[1], "in the pipe");
  send_fds(s[0], "two files", (int[]){file, ghost}, 2);
  send_fds(s[0], "reader and event", (int[]){p[0], event}, 2);
  send_fds(s[0], "nothing", NULL, 0);
  close(file);
  close(ghost);
  close(event);
  close(p[0]);

  test_daemon();
  test_waitsig();

  expect_eq(receive_fds(s[1], "two files", got), 2);
  expect_eq(lseek(got[0], 0, SEEK_CUR), 50);
  expect_file(got[0], 100, 1);
  expect_file(got[1], 200, 2);
  expect(strstr(fd_link(got[1]), "/ghost (deleted)") != NULL);
  expect_eq(receive_fds(s[1], "reader and event", got), 2);
  expect_read(got[0], "in the pipe");
  write_text(p[1], "more");
  expect_read(got[0], "more");
  eventfd_t value;
  must(eventfd_read(got[1], &value));
  expect_eq(value, 9);
  expect_eq(receive_fds(s[1], "nothing", got), 0);
  pass();
}
