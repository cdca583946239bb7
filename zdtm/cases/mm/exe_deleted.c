/* zdtm:
 * title: a program whose file was removed while it runs
 */
#define _GNU_SOURCE
#include "check.h"
#include "exec_copy.h"

/* The copy reports by its exit status: it has no verdict file. */
static int copy_main(void) {
  char exe[4096] = "";
  copy_wait();
  if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0) return 2;
  char* name = strrchr(exe, '/');
  return name && strcmp(name, "/gone (deleted)") == 0 ? 0 : 3;
}

int main(int argc, char** argv) {
  if (is_exec_copy(argc, argv)) return copy_main();
  test_init(argc, argv);
  int fd = must(open("gone", O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
  copy_program(fd);
  close(fd); /* a file open for writing can't be run */
  fd = must(open("gone", O_RDONLY | O_CLOEXEC));
  pid_t pid = exec_copy(fd);
  close(fd);
  must(unlink("gone"));

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect_errno(access("gone", F_OK), ENOENT); /* nothing was left behind */
  pass();
}
