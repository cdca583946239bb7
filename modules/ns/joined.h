// Namespaces that are there already and that the root of the tree comes back in, instead of new ones: --join-ns
// KIND:FILE. Nothing is put into one, but that its tree lives there: the host name, the settings and the clocks are
// those of the joined. The other namespaces of the tree are made as ever. That of the network is entered by its own
// module (netns), which has a lock of connections to see to.
//
// Refused: a kind of which the tree has none of its own, or which belongs to a user namespace of the tree; a file
// that is no namespace of that kind; System V objects and message queues (ipc.h).
#pragma once

#include "core/contexts.h"
#include "core/ns_kind.h"

namespace cr::ns {

/// Service numbers of the joined, by the id that the images give to what is left out for them.
struct JoinedModel {
  std::map<NsId, int> fds{};
};

Result<> plan_joined(const PlanCtx& ctx);
/// In the coordinator. Errors: open(2); the file is something else.
Result<> open_joined(RestoreCtx& ctx);
/// In the task that would make namespace `id`: true when it has gone to the one that is joined instead. Errors:
/// setns(2).
Result<bool> enter_joined(const RestoreCtx& ctx, const NsKind& kind, NsId id);

}  // namespace cr::ns
