/* zdtm:
 * title: epoll: one-shot entries fired or not, edge-triggered, exclusive and wake-up ones keep their flags
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct epoll_event got[8];
  int p[4][2];
  test_init(argc, argv);
  int ep = must(epoll_create1(0));
  static const uint32_t kEvents[4] = {EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLET,
                                      EPOLLIN | EPOLLEXCLUSIVE};
  for (int i = 0; i < 4; i++) {
    must(pipe(p[i]));
    must(epoll_ctl(ep, EPOLL_CTL_ADD, p[i][0], &(struct epoll_event){kEvents[i], {.u32 = i}}));
  }
  write_text(p[0][1], "x");
  expect_eq(epoll_wait(ep, got, 8, 0), 1); /* number 0 has fired and is disarmed now */

  test_daemon();
  test_waitsig();

  expect_eq(epoll_wait(ep, got, 8, 0), 0);
  for (int i = 0; i < 4; i++) write_text(p[i][1], "y");
  expect_eq(epoll_wait(ep, got, 8, 0), 3);
  int seen = 0;
  for (int i = 0; i < 3; i++) seen |= 1 << got[i].data.u32;
  expect_eq(seen, 1 << 1 | 1 << 2 | 1 << 3);
  expect_eq(epoll_wait(ep, got, 8, 0), 1); /* only the level-triggered one comes again */
  expect_eq(got[0].data.u32, 3);
  must(epoll_ctl(ep, EPOLL_CTL_MOD, p[0][0], &(struct epoll_event){EPOLLIN | EPOLLONESHOT, {.u32 = 10}}));
  expect_eq(epoll_wait(ep, got, 8, 0), 2);
  expect_errno(epoll_ctl(ep, EPOLL_CTL_MOD, p[3][0], &(struct epoll_event){EPOLLIN, {.u32 = 3}}),
               EINVAL); /* exclusive */
  pass();
}
