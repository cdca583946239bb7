// The network as a whole: locked for the connections of the tree from the moment that they are known until they are
// let go, or, when the dump kills them, until the restore has brought them back. See network_lock.h.
#pragma once

#include <optional>
#include <string>

#include "core/module.h"
#include "net/network_lock.h"

namespace cr::net {

struct LockModel {
  std::optional<NetworkLock> held{};
  std::string kept{};  ///< name of the table that a dump leaves behind; in inventory.img
};

Result<> lock(DumpCtx&);
Result<> keep(DumpCtx&);
Result<> lock_for_restore(RestoreCtx&);
Result<> unlock(RestoreCtx&);

inline constexpr Module kModule{
    .name = "net",
    .lock = lock,
    .keep = keep,
    .prepare = lock_for_restore,
    .unlock = unlock,
};

}  // namespace cr::net
