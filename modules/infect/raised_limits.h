// Room for one mapping more in a process that is at its limits.
#pragma once

#include <sys/resource.h>

#include <array>

#include "base/ids.h"

namespace cr::infect {

/// While it lives, RLIMIT_AS and RLIMIT_MEMLOCK of the process are out of the way, as far as that is allowed: the
/// soft limit can always go up to the hard one, the hard one only with CAP_SYS_RESOURCE. Both are as before
/// afterwards, unless the engine is killed in between. Kernel: prlimit(2).
class RaisedLimits {
 public:
  explicit RaisedLimits(HostPid pid);
  RaisedLimits(const RaisedLimits&) = delete;
  RaisedLimits& operator=(const RaisedLimits&) = delete;
  ~RaisedLimits();

 private:
  struct Raised {
    __rlimit_resource which;
    rlimit before{};
    bool changed = false;
  };
  HostPid pid_;
  std::array<Raised, 2> limits_{{{RLIMIT_AS}, {RLIMIT_MEMLOCK}}};
};

}  // namespace cr::infect
