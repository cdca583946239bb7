/* zdtm:
 * title: epoll: a target whose own number was closed, or now is another file, while a duplicate keeps it alive
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct epoll_event got[4];
  int p[2], q[2];
  test_init(argc, argv);
  int ep = must(epoll_create1(0));
  must(pipe(p));
  must(pipe(q));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){EPOLLIN, {.u32 = 1}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], &(struct epoll_event){EPOLLIN, {.u32 = 2}}));
  int p_copy = must(dup(p[0])), q_copy = must(dup(q[0]));
  int null = must(open("/dev/null", O_RDWR));
  must(dup2(null, q[0])); /* the registration lives on, by a number that now is something else */
  close(null);
  close(p[0]); /* and by one that isn't open */

  test_daemon();
  test_waitsig();

  expect_errno(fcntl(p[0], F_GETFD), EBADF);
  write_text(p[1], "x");
  write_text(q[1], "x");
  expect_eq(epoll_wait(ep, got, 4, 0), 2);
  expect_eq(got[0].data.u32 + got[1].data.u32, 3);
  expect_read(p_copy, "x");
  expect_read(q_copy, "x");
  expect_eq(epoll_wait(ep, got, 4, 0), 0);
  expect_errno(epoll_ctl(ep, EPOLL_CTL_DEL, q[0], NULL), EPERM); /* /dev/null isn't in there, nor could it be */
  close(p_copy);                                                 /* the last one: the registration goes with it */
  close(p[1]);
  expect_eq(epoll_wait(ep, got, 4, 0), 0);
  pass();
}
