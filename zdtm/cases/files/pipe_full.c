/* zdtm:
 * title: a full pipe stays full, and everything comes out of it in order
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2];
  uint32_t n = 0, got;
  test_init(argc, argv);
  must(pipe2(p, O_NONBLOCK));
  while (write(p[1], &n, sizeof(n)) == sizeof(n)) n++;
  expect_eq(errno, EAGAIN);
  expect_eq(n, 65536 / sizeof(n));

  test_daemon();
  test_waitsig();

  expect_errno(write(p[1], &n, sizeof(n)), EAGAIN);
  for (uint32_t i = 0; i < n; i++) {
    expect_eq(read(p[0], &got, sizeof(got)), sizeof(got));
    expect_eq(got, i);
  }
  expect_errno(read(p[0], &got, sizeof(got)), EAGAIN);
  pass();
}
