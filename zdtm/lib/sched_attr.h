/* sched_setattr(2), for which the C library has no wrapper. */
#pragma once

#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct zdtm_sched_attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
  uint32_t util_min, util_max;
};

static inline int set_sched_attr(struct zdtm_sched_attr* attr) {
  attr->size = 48; /* without the utilisation clamps */
  return syscall(SYS_sched_setattr, 0, attr, 0);
}

static inline struct zdtm_sched_attr get_sched_attr(void) {
  struct zdtm_sched_attr attr;

  memset(&attr, 0, sizeof attr);
  syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0);
  attr.size = 48;
  attr.util_min = attr.util_max = 0;
  return attr;
}
