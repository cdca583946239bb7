// Options of sockets below SOL_SOCKET: IP, IPv6, TCP, UDP, UDP-Lite, raw, packet and netlink.
// One table says which there are; each value is kept as the bytes that getsockopt(2) gives. Put back by
// setsockopt(2), each only where it differs from what the new socket shows, since a default that is set explicitly is
// pinned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cr::net {

/// IPV6_FLOWINFO and IPV6_FLOWINFO_SEND of <linux/in6.h>, which does not go with <netinet/in.h>.
inline constexpr int kIp6FlowInfo = 11, kIp6FlowInfoSend = 33;

struct ProtocolOption {
  int level = 0, name = 0;
  std::vector<std::uint8_t> value{};
  friend bool operator==(const ProtocolOption&, const ProtocolOption&) = default;
};
using ProtocolOptions = std::vector<ProtocolOption>;

/// What decides which options a socket has.
struct SocketClass {
  int family = 0, type = 0, protocol = 0;
  bool connected_stream = false;  ///< TCP past its handshake: options of the handshake are behind it
};

enum class OptionPhase : std::uint8_t {
  kBeforeBind,  ///< before bind(2), connect(2) and listen(2)
  kAtEnd,       ///< when queues are filled and the socket is out of repair
};

/// Reads all options of the table that this socket and kernel have. Errors: getsockopt(2), other than "no such
/// option".
Result<ProtocolOptions> get_protocol_options(int fd, const SocketClass&, const std::string& object);
/// Sets those of one phase. Errors: setsockopt(2); an option that this kernel does not have.
Result<> set_protocol_options(int fd, const ProtocolOptions&, OptionPhase, const std::string& object);

/// The same with its integers in the order of the images, or one of an image in the order of this host.
ProtocolOption option_in_image(ProtocolOption);

/// An option that holds an int; `missing` when it is not there.
int int_value(const ProtocolOptions&, int level, int name, int missing);
void add_int(ProtocolOptions&, int level, int name, int value);

}  // namespace cr::net
