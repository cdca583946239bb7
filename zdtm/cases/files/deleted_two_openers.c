/* zdtm:
 * title: a removed file opened three times, by two processes: still one file, with separate positions and modes
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static int child_fd;

static void child_opens(void* arg) {
  (void)arg;
  child_fd = must(open("ghost", O_RDWR | O_APPEND));
}
static void child_checks(void* arg) {
  (void)arg;
  expect_eq(lseek(child_fd, 0, SEEK_CUR), 0);
  expect_read(child_fd, "0123X");
  write_text(child_fd, "tail");
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int writer = must(open("ghost", O_WRONLY | O_CREAT, 0644)), reader = must(open("ghost", O_RDONLY));
  write_text(writer, "0123456789");
  must(lseek(writer, 4, SEEK_SET));
  must(lseek(reader, 2, SEEK_SET));
  pid_t pid = waiting_child_start(child_opens, child_checks, NULL);
  must(unlink("ghost"));

  test_daemon();
  test_waitsig();

  write_text(writer, "X");
  expect_read(reader, "23X5");
  waiting_child_finish(pid);
  must(lseek(reader, 10, SEEK_SET));
  expect_read(reader, "tail");
  expect_errno(write(reader, "x", 1), EBADF);
  pass();
}
