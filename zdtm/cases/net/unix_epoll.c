/* zdtm:
 * title: an epoll over socketpair ends sees data in flight, hang-up and room as before
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  struct epoll_event got[4];
  int data[2], hung[2], idle[2];
  test_init(argc, argv);
  int ep = must(epoll_create1(0));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, data));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, hung));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, idle));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, data[0], &(struct epoll_event){EPOLLIN, {.u32 = 1}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, hung[0], &(struct epoll_event){EPOLLIN | EPOLLRDHUP, {.u32 = 2}}));
  must(epoll_ctl(ep, EPOLL_CTL_ADD, idle[0], &(struct epoll_event){EPOLLIN, {.u32 = 3}}));
  write_text(data[1], "x");
  must(shutdown(hung[1], SHUT_WR));

  test_daemon();
  test_waitsig();

  expect_eq(epoll_wait(ep, got, 4, 0), 2);
  for (int i = 0; i < 2; i++) expect_eq(got[i].events, got[i].data.u32 == 1 ? EPOLLIN : EPOLLIN | EPOLLRDHUP);
  expect_read(data[0], "x");
  write_text(idle[1], "y");
  expect_eq(epoll_wait(ep, got, 4, 0), 2);
  pass();
}
