// What the parasite asks about memory from inside. Freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/sys_result.h"
#include "base/try.h"
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

/// The rights of the new keys come into a register that goes back with all others.
struct PkeysQueryCommand {
  using Wire = PkeysQuery;
  static SysResult run(Wire& wire, Arena) {
    for (SysResult key = 0; (key = sys::call(__NR_pkey_alloc, 0, 0)).ok();) wire.free |= 1ull << key.raw();
    for (int key = 0; key < 64; ++key)
      if (wire.free >> key & 1) TRY(sys::call(__NR_pkey_free, key));
    return 0;
  }
};

/// The copy of a snapshot. A process in between, which shares our memory, makes it and ends, so that the copy is no
/// child of ours: no SIGCHLD, nothing that a wait could find. The one in between is reaped here; its exit signal is
/// 0.
struct SnapshotForkCommand {
  using Wire = SnapshotFork;
  static SysResult run(Wire& wire, Arena) {
    constexpr std::uint64_t kFs = 0x200, kFiles = 0x400;
    constexpr std::uint32_t kOwnerDied = 0x40000000;  // FUTEX_OWNER_DIED
    constexpr long kWaitAll = 0x40000000;             // __WALL
    const auto* owner = reinterpret_cast<const std::uint32_t*>(wire.owner);
    volatile std::int64_t copy = -11;
    const long between = arch::in_shared_process(
        kFs | kFiles, [&] { copy = arch::fork_sleeping_copy(kFs | kFiles, owner, kOwnerDied); });
    if (between < 0) return SysResult(between);
    SysResult reaped = 0;
    do reaped = sys::call(__NR_wait4, between, nullptr, kWaitAll, nullptr);
    while (reaped.err() == 4 /* EINTR */);
    wire.pid = copy;
    return copy < 0 ? SysResult(static_cast<long>(copy)) : SysResult(0);
  }
};

}  // namespace cr::mm
