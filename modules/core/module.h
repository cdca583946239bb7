// What a subsystem module offers to the two drivers. See docs/adding-a-module.md.
#pragma once

#include "base/result.h"
#include "core/contexts.h"

namespace cr::pb {
class core_entry;
}
namespace cr::infect {
class ParasiteSession;
}

namespace cr {

/// The hooks of one module, in the order in which the drivers call them; each is optional. The drivers walk the
/// table engine/modules.h from top to bottom at every step.
struct Module {
  const char* name;

  // dump
  /// Looks at the frozen tree from outside. Fills Models; never writes.
  Result<> (*collect)(DumpCtx&) = nullptr;
  /// Looks at one live task from inside, through the parasite.
  Result<> (*interrogate)(DumpCtx&, const Task&, infect::ParasiteSession&) = nullptr;
  /// The last place to refuse: what needs the whole tree to be known.
  Result<> (*settle)(DumpCtx&) = nullptr;
  /// Writes the module's own image files from its Model.
  Result<> (*write)(DumpCtx&) = nullptr;
  /// Adds the module's part to core-<tid>.img of thread number `thread` (0 is the leader; a zombie has only
  /// the leader's record).
  Result<> (*write_core)(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&) = nullptr;

  // restore
  /// Reads the module's own image files into its Model. The tree is known.
  Result<> (*read)(ReadCtx&) = nullptr;
  /// Takes the module's part out of core-<tid>.img. Called before `read`.
  Result<> (*read_core)(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&) = nullptr;
  /// Decides and checks everything that can be decided before a process exists; the last place to refuse.
  Result<> (*plan)(PlanCtx&) = nullptr;
  /// In the coordinator, before the tree is forked.
  Result<> (*prepare)(RestoreCtx&) = nullptr;
  /// In each live restored task, with its descriptors in place, before the restorer runs.
  Result<> (*enter)(TaskCtx&) = nullptr;
  /// In the coordinator, when every task is complete and stopped; `host` pids are known.
  Result<> (*finish)(RestoreCtx&) = nullptr;
};

}  // namespace cr
