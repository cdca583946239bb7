/* zdtm:
 * title: an appending descriptor writes at the end of the file, wherever that is now
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(open("log", O_RDWR | O_CREAT | O_APPEND, 0600));
  write_text(fd, "one ");
  must(lseek(fd, 0, SEEK_SET));

  test_daemon();
  test_waitsig();

  expect(fcntl(fd, F_GETFL) & O_APPEND);
  expect_eq(lseek(fd, 0, SEEK_CUR), 0);
  int other = must(open("log", O_WRONLY));
  must(lseek(other, 0, SEEK_END));
  write_text(other, "two ");
  write_text(fd, "three");
  must(lseek(fd, 0, SEEK_SET));
  expect_read(fd, "one two three");
  pass();
}
