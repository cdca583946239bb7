// TCP connections that nobody has accepted yet.
//
// They have no descriptor, but sock_diag(7) shows them: connections of the listener's port without an inode, whose
// other ends we find in the tree. Only a handshake leads into the queue of a listener, so a restore lets the clients
// connect once more, one after the other: they get their ports, options and whatever they had not sent yet. What a
// handshake agrees upon (sequence numbers, window scales) is as new. A client that has closed its end already is
// played for a moment. The order of the queue is found out by tcp_birth.h.
//
// Options that the listener was given after the handshake come to the accepted socket too: what it had is not shown.
//
// Refused, unless --skip-in-flight leaves them out or --tcp-close all of them: peers outside of the tree, whose
// sequence numbers nobody could meet; data that has come, which the kernel shows to nobody before accept(2);
// connections that were reset; those of listeners that share an address, among which the kernel chooses.
#pragma once

#include "net/inet_socket.h"

namespace cr::net {

/// Finds them for all listeners of the tree, when connections are known and locked. Errors: one that can't be
/// carried, netlink(7).
Result<> settle_waiting(DumpCtx& ctx);

}  // namespace cr::net
