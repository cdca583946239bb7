// State of IPv4 and IPv6 sockets that the kernel tells the existence of and no more, so that a dump can say so.
#pragma once

#include "net/inet_socket.h"

namespace cr::net {

/// Errors: a SYN that was kept and not asked for (TCP_SAVED_SYN takes it), a lease of an IPv6 flow label, a socket
/// by which a multicast router may work.
Result<> refuse_hidden_state(DumpCtx& ctx, int fd, const InetSocket& s, const std::string& object);

}  // namespace cr::net
