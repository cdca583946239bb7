// Addresses of IPv4 and IPv6 sockets, as the images keep them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace cr::net {

struct InetAddress {
  int family = AF_INET;
  std::array<std::uint32_t, 4> words{};  ///< in network order; the first one alone for IPv4
  std::uint16_t port = 0;                ///< in host order; the protocol, for raw sockets
  std::uint32_t scope = 0;               ///< interface index of a link-local IPv6 address

  bool any() const { return words == std::array<std::uint32_t, 4>{}; }
  bool mapped() const;        ///< an IPv4 address in IPv6 clothes (::ffff:a.b.c.d)
  InetAddress plain() const;  ///< a mapped one as IPv4, any other as it is
  std::string text() const;   ///< "127.0.0.1:80", "[::1]:80"
  friend bool operator==(const InetAddress&, const InetAddress&) = default;
};

/// Whether two addresses are the same end of a connection, whatever family their sockets have.
bool same_end(const InetAddress&, const InetAddress&);

/// The two structures of the kernel in one.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

InetAddress from_kernel(const SocketAddress&);
SocketAddress to_kernel(const InetAddress&);

/// getsockname(2); the address of a socket that has none is all zeros.
Result<InetAddress> local_address(int fd, const std::string& object);
/// getpeername(2); false in `connected` when there is no peer.
Result<InetAddress> peer_address(int fd, bool& connected, const std::string& object);

}  // namespace cr::net
