// Segments in the name of a peer, which bring a repaired connection to a state that only the network leads to.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "net/inet_address.h"

namespace cr::net {

/// What packets of the engine itself carry (SO_MARK): the lock of the network lets them pass.
inline constexpr std::uint32_t kEngineMark = 0x63726521;

struct TcpSegment {
  InetAddress from{}, to{};
  std::uint32_t seq = 0, ack = 0;
  bool fin = false;
  std::optional<std::uint8_t> urgent{};  ///< the only byte that it holds
};

/// Sends one to ourselves: `to` is an address of this host. The kernel has handled it when this returns. Errors:
/// socket(2) (CAP_NET_RAW), sendto(2).
Result<> deliver_segment(const TcpSegment&, const std::string& object);

/// The ones' complement sum of `size` bytes, to be continued by the next call; and its end.
std::uint32_t add_to_checksum(std::uint32_t sum, const void* bytes, std::size_t size);
std::uint16_t end_of_checksum(std::uint32_t sum);

/// What else the network header of a packet tells.
struct PacketMarks {
  std::uint8_t ttl = 64;    ///< IPv6: hop limit
  std::uint8_t tos = 0;     ///< IPv6: traffic class
  std::uint32_t label = 0;  ///< IPv6: flow label, 20 bits
  friend bool operator==(const PacketMarks&, const PacketMarks&) = default;
};

/// Sends `payload` (a transport header with a checksum field at `checksum_at`, and data) as an IP packet of
/// `protocol` from one address to another, both plain. Errors: as deliver_segment.
Result<> deliver_packet(const InetAddress& from, const InetAddress& to, int protocol, std::uint8_t* payload,
                        std::size_t size, std::size_t checksum_at, const std::string& object,
                        const PacketMarks& marks = {});

}  // namespace cr::net
