// What a thread is confined by or holds that can neither be read nor made again: Landlock domains, keys.
//
// Landlock: nothing shows a domain, and what it allows can't be read. But a thread in one may not look at a process
// outside of it: kcmp(2) says EPERM about a process with the same ids and no privileges. In pid and user namespaces
// other than the engine's there is nobody to ask about: a domain goes unnoticed there.
// Keys: keyctl(2), asked by the thread itself, tells the thread, process and session keyrings and what is in them. An
// empty keyring, or one that only links the user's own, is as good as the one that the restored program has.
//
// Refused, by name; accepted on request: --allow-lossy landlock, --allow-lossy keyrings.
#pragma once

#include "core/module.h"

namespace cr::security {

inline constexpr char kLossyLandlock[] = "landlock";
inline constexpr char kLossyKeyrings[] = "keyrings";

Result<> interrogate_confinement(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session);

inline constexpr Module kConfinement{.name = "confinement", .interrogate = interrogate_confinement};

}  // namespace cr::security
