#include "net/tcp_keys.h"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "net/tcp_diag.h"

namespace cr::net {
namespace {

/// As a socket of `family` wants it: one of IPv6 has addresses of IPv4 mapped.
ProtocolOption option_of(const SegmentKey& key, int family) {
  tcp_md5sig value{};
  value.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
  value.tcpm_prefixlen = key.prefix;
  value.tcpm_keylen = static_cast<__u16>(key.key.size());
  std::memcpy(value.tcpm_key, key.key.data(), std::min(key.key.size(), sizeof value.tcpm_key));
  if (family == AF_INET) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {key.words[0]}, .sin_zero = {}};
    std::memcpy(&value.tcpm_addr, &address, sizeof address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    const std::uint32_t mapped[4] = {0, 0, htonl(0xffff), key.words[0]};
    std::memcpy(&address.sin6_addr, key.family == AF_INET ? mapped : key.words.data(), sizeof mapped);
    std::memcpy(&value.tcpm_addr, &address, sizeof address);
  }
  ProtocolOption option{IPPROTO_TCP, TCP_MD5SIG_EXT};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  option.value.assign(bytes, bytes + sizeof value);
  return option;
}

}  // namespace

Result<> add_segment_keys(InetSocket& s) {
  std::vector<TcpDiag> found;
  if (s.connection()) {
    if (auto one = TRY(find_tcp(s.local, s.peer))) found.push_back(std::move(*one));
  } else if (s.local.port != 0) {
    found = TRY(find_idle_tcp(s.local));
  }
  for (const TcpDiag& d : found)
    if (d.inode == s.ino)
      for (const SegmentKey& key : d.keys) s.protocol_options.push_back(option_of(key, s.family));
  return {};
}

}  // namespace cr::net
