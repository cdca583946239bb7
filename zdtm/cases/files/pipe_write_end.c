/* zdtm:
 * title: only the write end of a pipe is left: EPIPE, but what was written is still there for a late reader
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2];
  char path[64];
  test_init(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  must(pipe(p));
  write_text(p[1], "waiting");
  close(p[0]);

  test_daemon();
  test_waitsig();

  expect_errno(write(p[1], "x", 1), EPIPE);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
  int reader = must(open(path, O_RDONLY | O_NONBLOCK));
  expect_read(reader, "waiting");
  write_text(p[1], "more");
  expect_read(reader, "more");
  pass();
}
