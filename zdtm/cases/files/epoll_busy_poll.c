/* zdtm:
 * title: how an epoll descriptor polls network devices (EPIOCSPARAMS)
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "check.h"
#include "descriptors.h"

struct params {
  uint32_t usecs;
  uint16_t budget;
  uint8_t prefer, pad;
};
enum { kSet = 77, kNotSet };
#define SET_PARAMS _IOW(0x8a, 1, struct params)
#define GET_PARAMS _IOR(0x8a, 2, struct params)

int main(int argc, char** argv) {
  struct params params = {.usecs = 70, .budget = 16, .prefer = 1};
  test_init(argc, argv);
  move_fd(must(epoll_create1(0)), kSet);
  move_fd(must(epoll_create1(0)), kNotSet);
  if (ioctl(kSet, SET_PARAMS, &params)) skip("EPIOCSPARAMS: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  memset(&params, 0, sizeof(params));
  must(ioctl(kSet, GET_PARAMS, &params));
  expect_eq(params.usecs, 70);
  expect_eq(params.budget, 16);
  expect_eq(params.prefer, 1);
  must(ioctl(kNotSet, GET_PARAMS, &params));
  expect_eq(params.usecs, 0);
  expect_eq(params.budget, 0);
  expect_eq(params.prefer, 0);
  pass();
}
