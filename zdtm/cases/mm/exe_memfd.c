/* zdtm:
 * title: a program that runs from a memfd
 */
#define _GNU_SOURCE
#include "check.h"
#include "exec_copy.h"

/* The copy reports by its exit status: it has no verdict file. */
static int copy_main(void) {
  char exe[4096] = "";
  copy_wait();
  if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0) return 2;
  return strcmp(exe, "/memfd:program (deleted)") == 0 ? 0 : 3;
}

int main(int argc, char** argv) {
  if (is_exec_copy(argc, argv)) return copy_main();
  test_init(argc, argv);
  int fd = must(memfd_create("program", MFD_CLOEXEC));
  copy_program(fd);
  pid_t pid = exec_copy(fd);
  close(fd);

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  pass();
}
