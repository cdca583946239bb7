// In which network namespace a socket lives, and stays in that one: what netlink and /proc/net tell is of the
// namespace of who asks. A restored socket is made by its owner, who is born in the right one.
#pragma once

#include <map>
#include <optional>

#include "core/file_kind.h"
#include "core/ns_kind.h"
#include "core/ns_visit.h"

namespace cr::net {

/// The namespace in which the socket was made. Errors: none of the tree's tasks lives in it, or its holder lives in
/// another, so that nobody would make it in the right one.
Result<NsId> namespace_of(DumpCtx& ctx, const FileProbe& probe);

/// A stay in a namespace of the tree, through the first task that lives in it; none when it is the engine's own.
/// Dump, or restore when all tasks are there. Errors: as NsVisit.
Result<std::optional<core::NsVisit>> visit(const TaskTree& tree, const Models& models, NsId ns);

}  // namespace cr::net
