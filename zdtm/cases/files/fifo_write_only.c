/* zdtm:
 * title: a fifo whose reader is gone: the writer gets EPIPE, a new reader gets the old data
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  must(mkfifo("fifo", 0600));
  int reader = must(open("fifo", O_RDONLY | O_NONBLOCK)), writer = must(open("fifo", O_WRONLY));
  write_text(writer, "kept");
  close(reader);

  test_daemon();
  test_waitsig();

  expect_errno(write(writer, "x", 1), EPIPE);
  reader = must(open("fifo", O_RDONLY | O_NONBLOCK));
  expect_read(reader, "kept");
  pass();
}
