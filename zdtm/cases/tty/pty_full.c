/* zdtm:
 * title: more than the line discipline holds waits in both directions of a raw pseudo terminal
 */
#include "pty.h"

enum { kBytes = 6000 };

static void expect_pattern(int fd, uint32_t seed) {
  char got[kBytes], wanted[kBytes];
  fill_pattern(wanted, kBytes, seed);
  size_t have = 0;
  while (have < kBytes) have += must(read(fd, got + have, kBytes - have));
  expect(memcmp(got, wanted, kBytes) == 0);
  expect_nothing(fd);
}

int main(int argc, char** argv) {
  char bytes[kBytes];
  test_init(argc, argv);
  int master = open_master(), slave = open_slave(master, O_RDWR);
  make_raw(slave);
  fill_pattern(bytes, kBytes, 1);
  expect_eq(write(master, bytes, kBytes), kBytes);
  fill_pattern(bytes, kBytes, 2);
  expect_eq(write(slave, bytes, kBytes), kBytes);
  wait_for_input(slave, 4095);
  wait_for_input(master, 4095);

  test_daemon();
  test_waitsig();

  expect_pattern(slave, 1);
  expect_pattern(master, 2);
  pass();
}
