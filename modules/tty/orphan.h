// Terminals whose master is with the runtime of a container: the restore makes a new one, inside, and passes its
// master on to the caller, at the script point orphan-pts-master.
#pragma once

#include "tty/tty.h"

namespace cr::tty {

/// Whether the pair is such a one, and the caller has said that he takes the masters.
bool is_orphan(const Options& opt, const Pair& pair);

/// Whether the restore makes it, rather than finds it outside.
inline bool is_made_here(const Options& opt, const Pair& pair) {
  return pair.master != 0 || pair.hung_up != 0 || is_orphan(opt, pair);
}

/// Dump: errors when something waits to be read from the slave, which nobody but its tasks can take without
/// disturbing whoever types there.
Result<> check_orphan(const DumpCtx& ctx, const Model& model, const Pair& pair);

/// Restore, in the coordinator: the way by which the masters come out of the tree.
Result<> prepare_way_out(RestoreCtx& ctx);
/// Restore, in the root task: sends the master of a pair that was made.
Result<> send_master(const Model& model, const Pair& pair, const std::string& object);
/// Restore, in the coordinator, with the tree complete: gives all masters to the caller. Errors: his.
Result<> hand_over_masters(RestoreCtx& ctx);

}  // namespace cr::tty
