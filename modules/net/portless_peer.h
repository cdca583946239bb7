// Peers of datagram and raw sockets that are connected to port 0, as raw sockets mostly are. getpeername(2) says that
// they have none (inet_getname() takes the port for a sign); the files of /proc/net show the address, and that such a
// socket is connected.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/contexts.h"
#include "net/inet_socket.h"

namespace cr::net {

/// By inode.
using PortlessPeers = std::map<std::uint32_t, InetAddress>;

/// Those of one file, such as udp or raw6.
PortlessPeers parse_portless(const std::string& text, int family);

/// The peer of a socket that getpeername(2) shows none of; the calling thread is in its network namespace. Nothing
/// when it is not connected. Errors: reading /proc.
Result<std::optional<InetAddress>> portless_peer(DumpCtx& ctx, const InetSocket& s);

}  // namespace cr::net
