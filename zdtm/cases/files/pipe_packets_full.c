/* zdtm:
 * title: a pipe full of packets of one byte: few bytes, no slot left
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2], count = 0;
  char byte[2] = {0};
  test_init(argc, argv);
  must(pipe2(p, O_DIRECT | O_NONBLOCK));
  while (write(p[1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + count, 1) == 1) count++;
  expect_eq(count, 16);

  test_daemon();
  test_waitsig();

  expect_errno(write(p[1], "x", 1), EAGAIN);
  for (int i = 0; i < count; i++) {
    expect_eq(read(p[0], byte, 2), 1);
    expect_eq(byte[0], 'A' + i);
  }
  expect_errno(read(p[0], byte, 2), EAGAIN);
  pass();
}
