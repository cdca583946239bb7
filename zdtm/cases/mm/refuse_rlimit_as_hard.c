/* zdtm:
 * title: a process at its hard RLIMIT_AS, and an engine that may not raise it
 * refuse: RLIMIT_AS
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "check.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  /* The engine runs with the same bounding set. */
  if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1) skip("CAP_SYS_RESOURCE raises every limit");
  struct rlimit low = {4096, 4096}, now;

  must(setrlimit(RLIMIT_AS, &low));
  test_daemon();
  test_waitsig();

  must(getrlimit(RLIMIT_AS, &now));
  expect_eq(now.rlim_cur, 4096);
  expect_eq(now.rlim_max, 4096);
  pass();
}
