// The network as a whole: locked for the connections of the tree from the moment that they are known until they are
// let go, or, when the dump kills them, until the restore has brought them back. See network_lock.h.
// Each network namespace of the tree has a lock of its own.
#pragma once

#include <string>
#include <vector>

#include "core/module.h"
#include "core/ns_kind.h"
#include "net/network_lock.h"

namespace cr::net {

struct LockModel {
  std::vector<NetworkLock> held{};
  std::string kept{};  ///< name of the table that a dump leaves behind; in inventory.img
};

Result<> lock(DumpCtx&);
Result<> keep(DumpCtx&);
/// The tree runs again while its dump goes on: so do its connections. Errors: netlink(7).
Result<> let_pass(DumpCtx&);
Result<> plan(PlanCtx&);
Result<> lock_for_restore(RestoreCtx&);
Result<> connect_datagrams(TaskCtx&);  // unix_restore.h
Result<> unlock(RestoreCtx&);
/// In the first process of a network namespace, before it leads anywhere: locks the connections that are to be made
/// in it. Held by the tasks until they have left the engine's program, when the connections are there, mute.
Result<> lock_namespace(RestoreCtx&, NsId);

inline constexpr Module kModule{
    .name = "net",
    .lock = lock,
    .keep = keep,
    .plan = plan,
    .prepare = lock_for_restore,
    .enter = connect_datagrams,
    .unlock = unlock,
};

}  // namespace cr::net
