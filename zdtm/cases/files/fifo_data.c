/* zdtm:
 * title: fifos with data: read-write opener, several openers, one with a size of its own
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char byte;
  test_init(argc, argv);
  must(mkfifo("one", 0600));
  must(mkfifo("two", 0644));
  int both = must(open("one", O_RDWR));
  int reader = must(open("two", O_RDONLY | O_NONBLOCK)), second = must(open("two", O_RDONLY | O_NONBLOCK));
  int writer = must(open("two", O_WRONLY));
  must(fcntl(writer, F_SETPIPE_SZ, 131072));
  write_text(both, "to myself");
  write_text(writer, "first second ");

  test_daemon();
  test_waitsig();

  expect_read(both, "to myself");
  expect_read(reader, "first ");
  expect_read(second, "second ");
  expect_errno(read(reader, &byte, 1), EAGAIN);
  expect_eq(fcntl(reader, F_GETPIPE_SZ), 131072);
  int third = must(open("two", O_WRONLY | O_NONBLOCK)); /* by name: still the same fifo */
  write_text(third, "third");
  expect_read(second, "third");
  close(writer);
  close(third);
  expect_eq(read(reader, &byte, 1), 0);
  pass();
}
