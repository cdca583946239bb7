/* zdtm:
 * title: memory policies of mappings: bind, preferred, interleave, local, and none; of private and shared memory
 */
#define _GNU_SOURCE
#include "memory_policy.h"
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

static const struct {
  int mode;
  unsigned long nodes;
} kPolicies[] = {
    {MPOL_DEFAULT, 0},    {MPOL_BIND, 1},  {MPOL_PREFERRED, 1},
    {MPOL_INTERLEAVE, 1}, {MPOL_LOCAL, 0}, {MPOL_BIND | MPOL_F_STATIC_NODES, 1},
};
enum { kCount = sizeof(kPolicies) / sizeof(kPolicies[0]), kPages = 4 };

int main(int argc, char** argv) {
  char *priv[kCount], *shared[kCount];
  test_init(argc, argv);
  for (int i = 0; i < kCount; i++) {
    priv[i] = map_isolated(kPages * PAGE_BYTES);
    shared[i] = map_shared(kPages * PAGE_BYTES);
    if (set_range_policy(priv[i], kPages * PAGE_BYTES, kPolicies[i].mode, kPolicies[i].nodes))
      skip("mbind with mode %d: %s", kPolicies[i].mode, strerror(errno));
    must(set_range_policy(shared[i], kPages * PAGE_BYTES, kPolicies[i].mode, kPolicies[i].nodes));
    fill_pattern(priv[i], PAGE_BYTES, i);
    fill_pattern(shared[i], PAGE_BYTES, 100 + i);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    struct policy p = policy_of(priv[i]), s = policy_of(shared[i]);
    expect_eq(p.mode, kPolicies[i].mode);
    expect_eq(p.nodes[0], kPolicies[i].nodes);
    expect_eq(s.mode, kPolicies[i].mode);
    expect_eq(s.nodes[0], kPolicies[i].nodes);
    expect(!check_pattern(priv[i], PAGE_BYTES, i));
    expect(!check_pattern(shared[i], PAGE_BYTES, 100 + i));
  }
  pass();
}
