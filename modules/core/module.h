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
  /// Stops what could change the tree from outside while it is looked at; released with the context.
  Result<> (*lock)(DumpCtx&) = nullptr;
  /// Looks at one live task from inside, through the parasite.
  Result<> (*interrogate)(DumpCtx&, const Task&, infect::ParasiteSession&) = nullptr;
  /// The last place to refuse: what needs the whole tree to be known.
  Result<> (*settle)(DumpCtx&) = nullptr;
  /// Writes the module's own image files from its Model.
  Result<> (*write)(DumpCtx&) = nullptr;
  /// Adds the module's part to core-<tid>.img of thread number `thread` (0 is the leader; a zombie has only
  /// the leader's record).
  Result<> (*write_core)(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&) = nullptr;

  /// When the set is complete and the tree is about to be killed: makes sure that this disturbs nobody. An error
  /// leaves everything as it was, and the tree alive.
  Result<> (*keep)(DumpCtx&) = nullptr;

  // restore
  /// Reads the module's own image files into its Model. The tree is known.
  Result<> (*read)(ReadCtx&) = nullptr;
  /// Takes the module's part out of core-<tid>.img. Called before `read`.
  Result<> (*read_core)(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&) = nullptr;
  /// Decides and checks everything that can be decided before a process exists; the last place to refuse.
  Result<> (*plan)(PlanCtx&) = nullptr;
  /// In the coordinator, before the tree is forked.
  Result<> (*prepare)(RestoreCtx&) = nullptr;
  /// In the root task, in the namespaces of the tree and before anybody else is forked: makes what all will inherit.
  /// The coordinator sees nothing of it.
  Result<> (*furnish)(RestoreCtx&) = nullptr;
  /// In each live restored task, with its descriptors in place, before the restorer runs.
  Result<> (*enter)(TaskCtx&) = nullptr;
  /// In the coordinator, when every task is complete and stopped; `host` pids are known.
  Result<> (*finish)(RestoreCtx&) = nullptr;
  /// The last step before the tasks go on: gives the outside access to the tree again.
  Result<> (*unlock)(RestoreCtx&) = nullptr;
};

}  // namespace cr
