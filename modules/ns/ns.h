// Namespaces of the tree: which tasks live in which, their making and their content.
//
// /proc/PID/ns tells which namespace a task lives in; the ids are in ids-PID.img (KobjIds). What is in a namespace is
// the business of its kind (core/ns_kind.h), this module walks the kinds.
//
// Restore: a task is born into the namespaces of its maker. Where its own are others, the first task in tree order
// that has such a namespace unshares it and fills it; those who come later join it by setns(2). All this happens
// right after the birth, before it gives birth itself. A pid namespace is the only one that comes with the birth.
//
// Of some kinds the caller may give one that is there instead of a new one (joined.h).
//
// Refused: a kind of namespace that the table of kinds does not have; a root that is not the init of its pid
// namespace, unless that is external; of pid and user namespaces what pid.h, user.h and child_user.h say.
#pragma once

#include "core/module.h"
#include "core/ns_kind.h"

namespace cr::ns {

Result<> collect(DumpCtx& ctx);
Result<> settle(DumpCtx& ctx);
Result<> write(DumpCtx& ctx);
Result<> read(ReadCtx& ctx);
Result<> plan(PlanCtx& ctx);
Result<> prepare(RestoreCtx& ctx);
Result<> furnish(RestoreCtx& ctx);
Result<> finish(RestoreCtx& ctx);

// --- restore, for the engine: at every birth ---

/// Flags of clone3(2) with which `t` has to be born by one who lives in the namespaces of `maker`.
std::uint64_t birth_flags(const RestoreCtx&, const Task& t, const KobjIds& maker);
/// In the newborn, who still lives in the other namespaces of its maker: makes its own or joins them. Errors:
/// unshare(2), setns(2), whatever a kind says.
Result<> enter(TaskCtx& ctx, const KobjIds& maker);

inline constexpr Module kModule{.name = "ns",
                                .collect = collect,
                                .settle = settle,
                                .write = write,
                                .read = read,
                                .plan = plan,
                                .prepare = prepare,
                                .furnish = furnish,
                                .finish = finish};

}  // namespace cr::ns
