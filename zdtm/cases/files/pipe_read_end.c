/* zdtm:
 * title: only the read end of a pipe is left: its data, then the end
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2], empty[2];
  char byte;
  test_init(argc, argv);
  must(pipe(p));
  must(pipe(empty));
  write_text(p[1], "last words");
  close(p[1]);
  close(empty[1]);

  test_daemon();
  test_waitsig();

  expect_read(p[0], "last words");
  expect_eq(read(p[0], &byte, 1), 0);
  expect_eq(read(empty[0], &byte, 1), 0);
  pass();
}
