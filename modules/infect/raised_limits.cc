#include "infect/raised_limits.h"

namespace cr::infect {

RaisedLimits::RaisedLimits(HostPid pid) : pid_(pid) {
  for (Raised& r : limits_) {
    if (prlimit(pid.value, r.which, nullptr, &r.before) != 0 || r.before.rlim_cur == RLIM_INFINITY) continue;
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY}, hard{r.before.rlim_max, r.before.rlim_max};
    r.changed = prlimit(pid.value, r.which, &none, nullptr) == 0 ||
                (r.before.rlim_cur != r.before.rlim_max && prlimit(pid.value, r.which, &hard, nullptr) == 0);
  }
}

RaisedLimits::~RaisedLimits() {
  for (const Raised& r : limits_)
    if (r.changed) (void)prlimit(pid_.value, r.which, &r.before, nullptr);
}

}  // namespace cr::infect
