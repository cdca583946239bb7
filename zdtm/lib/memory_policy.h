/* Memory policies by system call: libnuma isn't needed for three calls. */
#pragma once

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "check.h"

static inline long set_range_policy(void* mem, size_t len, int mode, unsigned long nodes) {
  return syscall(SYS_mbind, mem, len, mode, &nodes, 8 * sizeof(nodes), 0);
}

struct policy {
  int mode;
  unsigned long nodes[16];
};

/* Of the mapping at mem; of the thread when mem is NULL. */
static inline struct policy policy_of(const void* mem) {
  struct policy p = {0};
  must(syscall(SYS_get_mempolicy, &p.mode, p.nodes, 8 * sizeof(p.nodes), mem, mem ? MPOL_F_ADDR : 0));
  return p;
}
