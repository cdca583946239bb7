/* zdtm:
 * title: CLONE_FILES: one descriptor table for two processes; a third has a copy of its own
 */
#include "check.h"
#include "clone_child.h"
#include "descriptors.h"

static void child_changes(void *arg)
{
  int fd = *(int *)arg;
  expect_file(fd, 10, 1);
  must(dup2(fd, 300));
  close(fd);
}
static void child_apart(void *arg)
{
  expect_file(*(int *)arg, 10, 1);
  expect_errno(fcntl(300, F_GETFD), EBADF);
  must(dup2(*(int *)arg, 301));
}

int main(int argc, char **argv)
{
  enum { kKcmpFiles = 2 };
  test_init(argc, argv);
  int fd = make_file("file", 10, 1);
  pid_t apart = waiting_child_start(NULL, child_apart, &fd);
  pid_t sharing = waiting_child_sharing(CLONE_FILES, child_changes, &fd);

  test_daemon();
  test_waitsig();

  expect_eq(syscall(SYS_kcmp, getpid(), sharing, kKcmpFiles, 0, 0), 0);
  expect(syscall(SYS_kcmp, getpid(), apart, kKcmpFiles, 0, 0) > 0);
  waiting_child_finish(sharing);
  expect_file(300, 10, 1);
  expect_errno(fcntl(fd, F_GETFD), EBADF);
  waiting_child_finish(apart);
  expect_errno(fcntl(301, F_GETFD), EBADF);
  pass();
}
