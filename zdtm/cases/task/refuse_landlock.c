/* zdtm:
 * title: a task in a Landlock domain is refused; it is still confined
 * refuse: Landlock domain
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "check.h"

struct ruleset_attr {
  uint64_t handled_access_fs;
};

int main(int argc, char** argv) {
  struct ruleset_attr attr = {.handled_access_fs = 1 << 7 /* MAKE_DIR */};
  test_init(argc, argv);
  int ruleset = syscall(444 /* landlock_create_ruleset */, &attr, sizeof(attr), 0);
  if (ruleset < 0) skip("no Landlock here: %s", strerror(errno));
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  must(syscall(446 /* landlock_restrict_self */, ruleset, 0));
  close(ruleset);

  test_daemon();
  test_waitsig();

  expect_errno(mkdirat(AT_FDCWD, "forbidden", 0700), EACCES);
  pass();
}
