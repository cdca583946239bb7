// Datagrams that were received and not read. Seen by MSG_PEEK, put back as packets in the name of their senders that
// come over lo: only a socket that would get exactly these can have them back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/inet_address.h"
#include "net/tcp_segment.h"

namespace cr::net {

/// What the socket's options (IP_PKTINFO, IP_RECVTTL ...) let its owner see of one is carried; of the others nobody
/// knows.
struct Datagram {
  InetAddress from{};
  std::vector<std::uint8_t> data{};
  std::optional<InetAddress> to{};  ///< where it was sent
  PacketMarks marks{};
  std::uint32_t interface = 0;  ///< dump: where it came in, if that shows
};

/// All of them, in order; SO_PEEK_OFF is used for it and put back. Errors: recvmsg(2), setsockopt(2).
Result<std::vector<Datagram>> peek_datagrams(int fd, const std::string& object);
/// Whether aim_datagrams() could give it to a socket at `local`. Errors: socket(2).
Result<bool> can_aim(const Datagram&, const InetAddress& local, const std::string& object);

/// As deliver_datagrams(), to a socket that is bound to a device, which it no longer is afterwards: it is connected
/// to each sender in turn, so that the kernel finds no better one, and then to nobody.
Result<> aim_datagrams(int fd, const std::vector<Datagram>&, const std::string& object);
/// Sends them to `to`, the address of the socket `fd`, and makes sure that it got them all. Errors: those of
/// deliver_packet; one that did not arrive.
Result<> deliver_datagrams(int fd, const std::vector<Datagram>&, const InetAddress& to, int protocol,
                           const std::string& object);

}  // namespace cr::net
