// What the parasite asks about memory from inside. Freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/sys_result.h"
#include "mm/wire.h"

namespace cr::mm {

struct PolicyQueryCommand {
  using Wire = PolicyQuery;
  static SysResult run(Wire& wire, Arena arena) {
    constexpr long kByAddress = 2;  // MPOL_F_ADDR
    for (VmaPolicyWire& p : arena.view(wire.policies)) {
      SysResult r = sys::call(__NR_get_mempolicy, &p.mode, p.nodes, sizeof p.nodes * 8, p.address, kByAddress);
      if (!r.ok()) p.mode = -1;
    }
    return 0;
  }
};

}  // namespace cr::mm
