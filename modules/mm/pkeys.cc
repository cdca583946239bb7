#include "mm/pkeys.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "arch/host.h"
#include "base/format.h"
#include "core/contexts.h"
#include "infect/parasite_session.h"
#include "mm/mm.h"
#include "mm/wire.h"

namespace cr::mm {
namespace {

bool has_exec_pkey(const Vma& v) { return v.prot == PROT_EXEC && v.pkey != 0; }

}  // namespace

int exec_pkey(const AddressSpace& space) {
  const auto found = std::find_if(space.vmas.begin(), space.vmas.end(), has_exec_pkey);
  return found == space.vmas.end() ? 0 : found->pkey;
}

Result<> ask_pkeys(DumpCtx& ctx, const Task& t, AddressSpace& space, infect::ParasiteSession& session) {
  if (!space.has_pkeys) return {};
  const int kernels = exec_pkey(space);
  for (const Vma& v : space.vmas)
    if (has_exec_pkey(v) && v.pkey != kernels)
      return Error{"mm", "dump", format("pid {} mapping {:x}-{:x}", t.host, v.start, v.end), 0,
                   format("it can only be executed and has protection key {}, another one {}: which of them is the "
                          "kernel's own does not show; let the program give one of them key 0 (pkey_mprotect)",
                          v.pkey, kernels)};
  PkeysQuery query{};
  TRY(session.call(ctx.seized[t.index].threads().front(), query));
  const std::uint64_t all = (std::uint64_t{1} << arch::Host::kProtectionKeys) - 1;
  space.pkeys = static_cast<std::uint32_t>(all & ~query.free & ~std::uint64_t{1});
  return {};
}

Result<> plan_pkeys(const Task& t, const AddressSpace& space) {
  if (space.pkeys == 0) return {};
  const long key = syscall(SYS_pkey_alloc, 0, 0);
  if (key < 0)
    return Error{"mm", "restore", format("the protection keys of pid {}", t.pid), errno,
                 "this machine has none (flag ospke in /proc/cpuinfo); restore where it has"};
  syscall(SYS_pkey_free, key);
  return {};
}

}  // namespace cr::mm
