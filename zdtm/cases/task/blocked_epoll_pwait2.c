/* zdtm:
 * title: epoll_pwait2 keeps its remaining time
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "blocked.h"
#include "check.h"

static int epoll;

static long call(struct blocked* b) {
  struct timespec ts = {b->ms / 1000, b->ms % 1000 * 1000000};
  struct epoll_event event;
  (void)b;
  return syscall(SYS_epoll_pwait2, epoll, &event, 1, &ts, NULL, 8);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct blocked b = {.call = call, .ms = 4000};
  epoll = must(epoll_create1(0));
  blocked_start(&b);
  test_daemon();
  test_waitsig();
  if (!blocked_check(&b, 0, 0)) pass();
  return 0;
}
