// A kind of namespace (pid, mnt, net ...): one constexpr object, one line in engine/modules.cc. Module `ns` walks
// them.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "core/contexts.h"

namespace cr {

/// Id of a namespace in the images (task_kobj_ids_entry); one that equals the dumper's own (KobjModel::root) is never
/// carried.
using NsId = std::uint32_t;

/// The hooks of one kind, each optional, called for each namespace of the kind that is the tree's own. A kind is
/// restored in the order of the table; a new user namespace comes first and a mount namespace last.
struct NsKind {
  const char* name;  ///< in /proc/PID/ns
  std::uint64_t clone_flag;
  NsId KobjIds::*id;

  /// Looks at the namespace that `member` lives in, from outside or by an NsVisit. Refuses what can't be carried, as
  /// far as it shows there. Called before the modules' collect.
  Result<> (*collect)(DumpCtx&, NsId, const Task& member) = nullptr;
  /// When every task was looked at from inside.
  Result<> (*settle)(DumpCtx&, NsId) = nullptr;
  Result<> (*write)(DumpCtx&, NsId) = nullptr;

  Result<> (*read)(ReadCtx&, NsId) = nullptr;
  Result<> (*plan)(PlanCtx&, NsId) = nullptr;
  /// In the coordinator, in the dumper's own namespaces, before any process exists: opens what fill() will need from
  /// outside, on service numbers (files::to_service).
  Result<> (*prepare)(RestoreCtx&, NsId) = nullptr;
  /// In the first process that lives in it, which has just unshared it and has every capability in it; nobody else is
  /// there yet. What it holds in ctx.models is inherited by all tasks that it forks, but not by the coordinator.
  Result<> (*fill)(RestoreCtx&, NsId) = nullptr;
  /// What comes before fill() where it belongs to a user namespace below that of the tree and has to be filled from
  /// there. First in the process that will live in it, and has lost its own of the kind then; afterwards in a helper
  /// with the memory and descriptors of that one, which lives in the user namespace and has unshared it.
  Result<> (*lay_out)(RestoreCtx&, NsId) = nullptr;
  Result<> (*fill_inside)(RestoreCtx&, NsId) = nullptr;
};

/// The table of kinds. Defined where all modules are known: engine/modules.cc.
std::span<const NsKind* const> ns_kinds();

}  // namespace cr
