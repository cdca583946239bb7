// Reads a task's signal dispositions and alternate stack. Blob code: freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "signals/wire.h"

namespace cr::signals {

struct ActionsQueryCommand {
  using Wire = ActionsQuery;
  static SysResult run(Wire& w, Arena) {
    for (int sig = 1; sig <= Wire::kCount; ++sig) {
      SysResult r = sys::call(__NR_rt_sigaction, sig, nullptr, &w.action[sig - 1], 8);
      if (!r.ok()) return r;
    }
    return 0;
  }
};

struct AltStackQueryCommand {
  using Wire = AltStackQuery;
  static SysResult run(Wire& w, Arena) {
    struct {
      std::uint64_t sp;
      std::int32_t flags;
      std::uint64_t size;
    } stack{};
    SysResult r = sys::call(__NR_sigaltstack, nullptr, &stack);
    w = {stack.sp, stack.size, stack.flags, 0};
    return r;
  }
};

}  // namespace cr::signals
