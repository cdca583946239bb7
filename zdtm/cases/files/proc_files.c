/* zdtm:
 * title: open files of /proc: of the process itself, of a child, and of the system
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static void nothing(void* arg) { (void)arg; }

int main(int argc, char** argv) {
  char path[64], text[4096], wanted[64];
  test_init(argc, argv);
  pid_t pid = waiting_child_start(NULL, nothing, NULL);
  int own = must(open("/proc/self/status", O_RDONLY));
  int dir = must(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  int max = must(open("/proc/sys/kernel/pid_max", O_RDONLY));
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  int childs = must(open(path, O_RDONLY));

  test_daemon();
  test_waitsig();

  ssize_t n = must(read(own, text, sizeof(text) - 1));
  text[n] = 0;
  snprintf(wanted, sizeof(wanted), "\nPid:\t%d\n", getpid());
  expect(strstr(text, wanted) != NULL);
  expect(must(read(childs, text, sizeof(text) - 1)) > 0);
  expect_eq(atoi(text), pid);
  expect(must(read(max, text, sizeof(text) - 1)) > 1);
  snprintf(path, sizeof(path), "%d", own);
  must(faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW));
  waiting_child_finish(pid);
  pass();
}
