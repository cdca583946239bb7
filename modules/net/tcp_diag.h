// What sock_diag(7) knows of one TCP socket by its addresses.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "net/inet_address.h"
#include "net/tcp_stream.h"

namespace cr::net {

struct TcpDiag {
  TcpState state{};
  std::uint32_t inode = 0;  ///< 0: nobody has it open any more
  bool md5_keys = false;    ///< it signs its segments (TCP_MD5SIG); shown to CAP_NET_ADMIN only
};

/// The socket with exactly these addresses or, without one, a listening socket of the port; nothing when there is
/// neither. Errors: netlink(7).
Result<std::optional<TcpDiag>> find_tcp(const InetAddress& local, const InetAddress& peer);

}  // namespace cr::net
