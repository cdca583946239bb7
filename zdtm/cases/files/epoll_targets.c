/* zdtm:
 * title: epoll: several kinds of targets, their data, readiness before and after
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct epoll_event got[8];
  int p[2], q[2];
  test_init(argc, argv);
  int ep = must(epoll_create1(EPOLL_CLOEXEC)), event = must(eventfd(0, EFD_NONBLOCK));
  must(pipe(p));
  must(pipe(q));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){EPOLLIN, {.u64 = 0x1122334455667788}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, q[1], &(struct epoll_event){EPOLLOUT, {.u64 = 2}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, event, &(struct epoll_event){EPOLLIN | EPOLLPRI, {.u64 = 3}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], &(struct epoll_event){0, {.u64 = 4}})); /* nothing asked for */

  test_daemon();
  test_waitsig();

  expect_eq(fcntl(ep, F_GETFD), FD_CLOEXEC);
  expect_eq(epoll_wait(ep, got, 8, 0), 1);
  expect_eq(got[0].data.u64, 2);
  expect_eq(got[0].events, EPOLLOUT);
  write_text(p[1], "x");
  must(eventfd_write(event, 1));
  expect_eq(epoll_wait(ep, got, 8, 0), 3);
  int seen = 0;
  for (int i = 0; i < 3; i++) seen |= got[i].data.u64 == 0x1122334455667788 ? 1 : got[i].data.u64 == 3 ? 2 : 0;
  expect_eq(seen, 3);
  must(epoll_ctl(ep, EPOLL_CTL_MOD, q[0], &(struct epoll_event){EPOLLIN, {.u64 = 5}}));
  must(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
  must(epoll_ctl(ep, EPOLL_CTL_DEL, event, NULL));
  expect_eq(epoll_wait(ep, got, 8, 0), 1);
  pass();
}
