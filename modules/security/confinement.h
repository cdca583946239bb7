// What a thread is confined by that can neither be read nor made again: Landlock domains.
//
// Landlock: nothing shows a domain, and what it allows can't be read. But a thread in one may not look at a process
// outside of it: kcmp(2) says EPERM about a process with the same ids and no privileges (bystander.h).
//
// Refused, by name; accepted on request: --allow-lossy landlock.
#pragma once

#include "core/module.h"

namespace cr::security {

inline constexpr char kLossyLandlock[] = "landlock";

Result<> interrogate_confinement(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session);

Result<> dismiss_bystanders(DumpCtx& ctx);

inline constexpr Module kConfinement{
    .name = "confinement", .interrogate = interrogate_confinement, .settle = dismiss_bystanders};

}  // namespace cr::security
