// Processes of the engine's that stand about in the namespaces of a task, with its ids and no privileges: whoever has
// those ids may look at them (ptrace(2), "Ptrace access mode checking"), but for a task in a Landlock domain.
#pragma once

#include <map>
#include <tuple>

#include "core/module.h"

namespace cr::security {

/// Model, while a tree is looked at. They end with it, and with the engine.
struct Bystanders {
  using Place = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;  ///< namespaces, ids
  struct One {
    pid_t maker = -1;  ///< who has made it and dies with it
    int number = 0;    ///< in the pid namespace of the task
  };
  std::map<Place, One> all{};
  ~Bystanders() { dismiss(); }
  void dismiss();
};

/// The number by which the task knows one with the given ids, which are those that the engine sees; one of its
/// namespaces and ids is made when there is none. Errors: fork(2), setns(2), setresuid(2).
Result<int> bystander_of(DumpCtx&, const Task&, std::uint32_t uid, std::uint32_t gid);

}  // namespace cr::security
