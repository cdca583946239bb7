/* zdtm:
 * title: an epoll in an epoll in an epoll, shared with a child
 */
#define _GNU_SOURCE
#include <sys/epoll.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static int outer, p[2];

static void child_waits(void* arg) {
  struct epoll_event got;
  (void)arg;
  expect_eq(epoll_wait(outer, &got, 1, 2000), 1);
  expect_eq(got.data.u32, 3);
}

int main(int argc, char** argv) {
  struct epoll_event got;
  test_init(argc, argv);
  /* The outer one gets the lowest number, so that targets aren't simply ready in order of numbers. */
  outer = must(epoll_create1(0));
  int middle = must(epoll_create1(0)), inner = must(epoll_create1(0));
  must(pipe(p));
  must(epoll_ctl(inner, EPOLL_CTL_ADD, p[0], &(struct epoll_event){EPOLLIN, {.u32 = 1}}));
  must(epoll_ctl(middle, EPOLL_CTL_ADD, inner, &(struct epoll_event){EPOLLIN, {.u32 = 2}}));
  must(epoll_ctl(outer, EPOLL_CTL_ADD, middle, &(struct epoll_event){EPOLLIN, {.u32 = 3}}));
  pid_t pid = waiting_child_start(NULL, child_waits, NULL);

  test_daemon();
  test_waitsig();

  expect_eq(epoll_wait(outer, &got, 1, 0), 0);
  write_text(p[1], "x");
  waiting_child_finish(pid);
  expect_eq(epoll_wait(middle, &got, 1, 0), 1);
  expect_eq(got.data.u32, 2);
  expect_eq(epoll_wait(inner, &got, 1, 0), 1);
  expect_eq(got.data.u32, 1);
  pass();
}
