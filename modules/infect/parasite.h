// The framework's own command. Blob code: freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "infect/wire.h"

namespace cr::infect {

struct RawSyscallCommand {
  using Wire = RawSyscall;
  static SysResult run(Wire& w, Arena) {
    const auto& a = w.args;
    w.result = sys::call(w.nr, a[0], a[1], a[2], a[3], a[4], a[5]).raw();
    return 0;
  }
};

}  // namespace cr::infect
