/* zdtm:
 * title: the memory policy of the task, and a mapping that has its own beside it
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "memory_policy.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  unsigned long node0 = 1;
  test_init(argc, argv);
  char* own = map_isolated(PAGE_BYTES);
  if (syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, &node0, 8 * sizeof(node0)))
    skip("set_mempolicy: %s", strerror(errno));
  must(set_range_policy(own, PAGE_BYTES, MPOL_BIND, 1));

  test_daemon();
  test_waitsig();

  struct policy task = policy_of(NULL);
  expect_eq(task.mode, MPOL_INTERLEAVE);
  expect_eq(task.nodes[0], 1);
  expect_eq(policy_of(own).mode, MPOL_BIND);
  pass();
}
