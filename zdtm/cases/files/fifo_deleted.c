/* zdtm:
 * title: a removed fifo with data, shared with a child
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static int child_end;

static void child_opens(void* arg) {
  (void)arg;
  child_end = must(open("fifo", O_WRONLY));
}
static void child_writes(void* arg) {
  (void)arg;
  write_text(child_end, "and after");
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkfifo("fifo", 0600));
  int fd = must(open("fifo", O_RDWR));
  pid_t pid = waiting_child_start(child_opens, child_writes, NULL);
  must(unlink("fifo"));
  write_text(fd, "before ");

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect_read(fd, "before and after");
  expect_errno(access("fifo", F_OK), ENOENT);
  pass();
}
