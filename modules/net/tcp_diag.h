// What sock_diag(7) knows of one TCP socket by its addresses.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/inet_address.h"
#include "net/tcp_stream.h"

namespace cr::net {

/// What segments to and from a range of addresses are signed with (TCP_MD5SIG_EXT).
struct SegmentKey {
  int family = 0;
  std::uint8_t prefix = 0;               ///< bits of the address that count
  std::array<std::uint32_t, 4> words{};  ///< in network byte order
  std::string key{};
};

struct TcpDiag {
  TcpState state{};
  std::uint32_t inode = 0;         ///< 0: nobody has it open, not yet or not any more
  InetAddress local{}, peer{};     ///< of the socket's own family
  std::uint32_t unread = 0;        ///< bytes, with a FIN that has come; of a listening one: connections not accepted
  std::uint32_t idle_ms = 0;       ///< since it has sent data or, if it never did, since it was made
  std::vector<SegmentKey> keys{};  ///< shown to CAP_NET_ADMIN only
};

/// The socket with exactly these addresses or, without one, a listening socket of the port; nothing when there is
/// neither. Errors: netlink(7).
Result<std::optional<TcpDiag>> find_tcp(const InetAddress& local, const InetAddress& peer);

/// All TCP sockets of `family` with the local port in one of `states`. Errors: netlink(7).
Result<std::vector<TcpDiag>> list_tcp(int family, std::uint16_t port, std::initializer_list<TcpState> states);

/// All TCP sockets with the local port that listen or, from Linux 6.8 on, are bound and do nothing. Errors:
/// netlink(7).
Result<std::vector<TcpDiag>> find_idle_tcp(const InetAddress& local);

}  // namespace cr::net
