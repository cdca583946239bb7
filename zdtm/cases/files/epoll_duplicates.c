/* zdtm:
 * title: epoll: one target under two numbers, both registered
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct epoll_event got[4];
  int p[2];
  test_init(argc, argv);
  int ep = must(epoll_create1(0));
  must(pipe(p));
  int copy = must(dup(p[0]));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){EPOLLIN, {.u32 = 1}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, copy, &(struct epoll_event){EPOLLIN, {.u32 = 2}}));

  test_daemon();
  test_waitsig();

  write_text(p[1], "x");
  expect_eq(epoll_wait(ep, got, 4, 0), 2);
  expect_eq(got[0].data.u32 + got[1].data.u32, 3);
  must(epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL));
  expect_eq(epoll_wait(ep, got, 4, 0), 1);
  expect_eq(got[0].data.u32, 1);
  expect_errno(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], got), EEXIST);
  pass();
}
