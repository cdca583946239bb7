#include "net/portless_peer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "base/format.h"
#include "core/ns_kind.h"
#include "core/proc_text.h"

namespace cr::net {
namespace {

constexpr const char* kFiles[] = {"udp", "udplite", "raw", "icmp"};

/// Read once in a dump: nobody of the tree connects meanwhile.
struct SeenPeers {
  std::map<NsId, PortlessPeers> of{};
};

Result<PortlessPeers> read_all() {
  PortlessPeers all;
  for (const char* file : kFiles)
    for (const int family : {AF_INET, AF_INET6}) {
      auto text = core::read_text(format("/proc/thread-self/net/{}{}", file, family == AF_INET6 ? "6" : ""));
      if (!text.ok() && text.error().err == ENOENT) continue;  // a kernel without IPv6, or without that protocol
      all.merge(parse_portless(TRY(std::move(text)), family));
    }
  return all;
}

}  // namespace

PortlessPeers parse_portless(const std::string& text, int family) {
  const std::size_t digits = family == AF_INET6 ? 32 : 8;
  PortlessPeers found;
  std::istringstream lines(text);
  // sl local remote:port state queues timer retransmits uid timeout inode ...
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string place, local, remote, state, skipped;
    std::uint32_t inode = 0;
    fields >> place >> local >> remote >> state >> skipped >> skipped >> skipped >> skipped >> skipped >> inode;
    if (!fields || remote.size() != digits + 5 || !remote.ends_with(":0000") || state != "01") continue;
    InetAddress a{family};
    for (std::size_t i = 0; i < digits / 8; i++)
      a.words[i] = static_cast<std::uint32_t>(std::strtoul(remote.substr(i * 8, 8).c_str(), nullptr, 16));
    found[inode] = a;
  }
  return found;
}

Result<std::optional<InetAddress>> portless_peer(DumpCtx& ctx, const InetSocket& s) {
  auto& seen = ctx.models.edit<SeenPeers>().of;
  auto it = seen.find(s.net_ns);
  if (it == seen.end()) it = seen.emplace(s.net_ns, TRY(read_all())).first;
  const auto peer = it->second.find(s.ino);
  return peer == it->second.end() ? std::nullopt : std::optional(peer->second);
}

}  // namespace cr::net
