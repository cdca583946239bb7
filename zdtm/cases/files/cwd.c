/* zdtm:
 * title: working directories of three processes: inherited, own, and renamed after it was entered
 */
#define _GNU_SOURCE
#include <limits.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static void enter(void* arg) { must(chdir(arg)); }

static void check_place(const char* name) {
  char here[PATH_MAX];
  expect(getcwd(here, sizeof(here)) != NULL);
  expect(strcmp(strrchr(here, '/') + 1, name) == 0);
  must(access("mark", F_OK)); /* a relative path really starts there */
}
static void check_one(void* arg) {
  (void)arg;
  check_place("one");
}
static void check_renamed(void* arg) {
  (void)arg;
  check_place("now called so");
}

int main(int argc, char** argv) {
  char before[PATH_MAX], after[PATH_MAX];
  test_init(argc, argv);
  must(mkdir("one", 0755));
  must(mkdir("two", 0755));
  close(make_file("one/mark", 1, 1));
  close(make_file("two/mark", 1, 1));
  expect(getcwd(before, sizeof(before)) != NULL);
  pid_t one = waiting_child_start(enter, check_one, "one"),
        renamed = waiting_child_start(enter, check_renamed, "two");
  must(rename("two", "now called so"));

  test_daemon();
  test_waitsig();

  waiting_child_finish(one);
  waiting_child_finish(renamed);
  expect(getcwd(after, sizeof(after)) != NULL);
  expect(strcmp(before, after) == 0);
  must(access("one/mark", F_OK));
  pass();
}
