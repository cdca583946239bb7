#include "net/inet_address.h"

#include <arpa/inet.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"

namespace cr::net {

bool InetAddress::mapped() const {
  return family == AF_INET6 && words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff);
}

InetAddress InetAddress::plain() const {
  if (!mapped()) return *this;
  return InetAddress{AF_INET, {words[3]}, port, 0};
}

std::string InetAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family, words.data(), host, sizeof host);
  return family == AF_INET6 ? format("[{}]:{}", host, port) : format("{}:{}", host, port);
}

bool same_end(const InetAddress& a, const InetAddress& b) {
  const InetAddress x = a.plain(), y = b.plain();
  return x.family == y.family && x.words == y.words && x.port == y.port;
}

InetAddress from_kernel(const SocketAddress& from) {
  InetAddress a;
  a.family = from.storage.ss_family;
  if (a.family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(from.storage);
    std::memcpy(a.words.data(), &in6.sin6_addr, sizeof in6.sin6_addr);
    a.port = ntohs(in6.sin6_port);
    a.scope = in6.sin6_scope_id;
  } else {
    const auto& in = reinterpret_cast<const sockaddr_in&>(from.storage);
    a.words[0] = in.sin_addr.s_addr;
    a.port = ntohs(in.sin_port);
  }
  return a;
}

SocketAddress to_kernel(const InetAddress& a) {
  SocketAddress to;
  if (a.family == AF_INET6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(to.storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(a.port);
    in6.sin6_scope_id = a.scope;
    std::memcpy(&in6.sin6_addr, a.words.data(), sizeof in6.sin6_addr);
    to.size = sizeof in6;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(to.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(a.port);
    in.sin_addr.s_addr = a.words[0];
    to.size = sizeof in;
  }
  return to;
}

Result<InetAddress> local_address(int fd, const std::string& object) {
  SocketAddress a;
  if (getsockname(fd, a.get(), &a.size) != 0) return Error{"net", "ask for the address of", object, errno, {}};
  return from_kernel(a);
}

Result<InetAddress> peer_address(int fd, bool& connected, const std::string& object) {
  SocketAddress a;
  connected = getpeername(fd, a.get(), &a.size) == 0;
  if (connected) return from_kernel(a);
  if (errno != ENOTCONN) return Error{"net", "ask for the peer of", object, errno, {}};
  return InetAddress{};
}

}  // namespace cr::net
