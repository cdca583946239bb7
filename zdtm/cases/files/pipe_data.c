/* zdtm:
 * title: pipes with data: a few bytes, many pages, partly read, and none
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  static char bulk[50000], got[50000];
  int few[2], many[2], none[2];
  test_init(argc, argv);
  must(pipe(few));
  must(pipe(many));
  must(pipe(none));
  write_text(few[1], "read already, not yet read");
  expect_read(few[0], "read already, ");
  fill_pattern(bulk, sizeof(bulk), 1);
  expect_eq(write(many[1], bulk, sizeof(bulk)), sizeof(bulk));

  test_daemon();
  test_waitsig();

  write_text(few[1], "; new");
  expect_read(few[0], "not yet read; new");
  expect_eq(read(many[0], got, sizeof(got)), sizeof(got));
  expect(!check_pattern(got, sizeof(got), 1));
  fcntl(none[0], F_SETFL, O_NONBLOCK);
  expect_errno(read(none[0], got, 1), EAGAIN);
  close(few[1]);
  expect_eq(read(few[0], got, 1), 0); /* no writer is left anywhere */
  pass();
}
