// Dump: who is connected to whom, who waits to be accepted, and what of that is outside the tree.
#pragma once

#include <set>

#include "core/id_map.h"
#include "core/ns_kind.h"
#include "net/unix_socket.h"

namespace cr::net {

/// Takes what sock_diag(7) tells of the sockets of `inodes`, which live in network namespace `ns`, into the model.
/// Errors: one that it does not show; a client whose connection is not in the tree, or holds data already.
Result<> find_peers(DumpCtx& ctx, NsId ns, const std::set<std::uint32_t>& inodes);
/// When all are known: what becomes of peers outside. Errors: one that no option allows.
Result<> settle_outside(DumpCtx& ctx);
/// When the tree is about to be killed: peers outside see an orderly end, not a reset for what was not read.
void end_outside(const DumpCtx& ctx);
/// Errors: a message whose sender lives outside under an abstract name, in the queue of a socket without a path.
Result<> refuse_unsendable(const DumpCtx& ctx);
/// Whether the queues show all that is in flight: an empty packet that was looked at before is not shown again.
/// Errors: there is one.
Result<> refuse_hidden(const DumpCtx& ctx);
/// SO_PEERCRED and SO_PEERGROUPS, if anybody was noted.
std::optional<UnixCreds> peer_creds(int fd, const TaskTree& tree, const core::TreeIds& ids);

}  // namespace cr::net
