/* zdtm:
 * title: a working directory that was removed, and one removed with its parent
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static void enter(void* arg) { must(chdir(arg)); }

static void check(void* arg) {
  char target[4096] = "", wanted[64], path[64];
  struct stat st;
  must(readlink("/proc/self/cwd", target, sizeof(target) - 1));
  snprintf(wanted, sizeof(wanted), "/%s (deleted)", (char*)arg);
  expect(strlen(target) > strlen(wanted) && strcmp(target + strlen(target) - strlen(wanted), wanted) == 0);
  must(stat(".", &st));
  expect_eq(st.st_nlink, 0);
  expect_errno(open("file", O_CREAT | O_WRONLY, 0600), ENOENT);
  expect_errno(getcwd(path, sizeof(path)) ? 0 : -1, ENOENT);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  must(mkdir("gone", 0755));
  must(mkdir("a", 0755));
  must(mkdir("a/b", 0755));
  pid_t one = waiting_child_start(enter, check, "gone"), two = waiting_child_start(enter, check, "a/b");
  must(rmdir("gone"));
  must(rmdir("a/b"));
  must(rmdir("a"));

  test_daemon();
  test_waitsig();

  waiting_child_finish(one);
  waiting_child_finish(two);
  expect_errno(access("gone", F_OK), ENOENT);
  expect_errno(access("a", F_OK), ENOENT);
  pass();
}
