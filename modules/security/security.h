// What other modules may see of credentials and seccomp, and how the restorer's arguments about them are made.
#pragma once

#include "core/arena_builder.h"
#include "security/creds.h"    // IWYU pragma: export
#include "security/keys.h"     // IWYU pragma: export
#include "security/seccomp.h"  // IWYU pragma: export

namespace cr::security {

struct RestoreProcess;  // wire.h
struct RestoreThread;
Result<> fill_process(const TaskCtx&, RestoreProcess&, ArenaBuilder&);
Result<> fill_thread(const TaskCtx&, std::size_t thread, RestoreThread&, ArenaBuilder&);

}  // namespace cr::security
