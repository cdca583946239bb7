#include "net/memberships.h"

#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>

#include "base/format.h"
#include "core/proc_text.h"

namespace cr::net {
namespace {

constexpr std::size_t kMostSources = 64;

struct Candidate {
  InetAddress group{};
  unsigned index = 0;
};

/// "1  lo : 1 V3" begins an interface, "  010000E0 1 ..." is a group, its bytes as the processor has them.
std::vector<Candidate> parse_igmp(const std::string& text) {
  std::vector<Candidate> found;
  unsigned index = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with("Idx")) continue;
    if (line[0] != '\t') {
      index = static_cast<unsigned>(std::strtoul(line.c_str(), nullptr, 10));
      continue;
    }
    Candidate c;
    c.group.words[0] = static_cast<std::uint32_t>(std::strtoul(line.c_str(), nullptr, 16));
    c.index = index;
    found.push_back(c);
  }
  return found;
}

/// "1 lo ff020000000000000000000000000001 1 ..."
std::vector<Candidate> parse_igmp6(const std::string& text) {
  std::vector<Candidate> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, group;
    Candidate c;
    words >> c.index >> name >> group;
    if (group.size() != 32) continue;
    c.group.family = AF_INET6;
    for (std::size_t i = 0; i < 4; i++)
      c.group.words[i] = htonl(static_cast<std::uint32_t>(std::strtoul(group.substr(i * 8, 8).c_str(), nullptr, 16)));
    found.push_back(c);
  }
  return found;
}

int level_of(const InetAddress& a) { return a.family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP; }

void put(const InetAddress& a, sockaddr_storage& to) {
  const SocketAddress k = to_kernel(a);
  std::memcpy(&to, &k.storage, sizeof to);
}

InetAddress take(const sockaddr_storage& from) {
  SocketAddress k;
  std::memcpy(&k.storage, &from, sizeof from);
  return from_kernel(k);
}

/// A group_filter with room for sources.
struct Filter {
  std::vector<std::uint64_t> room =
      std::vector<std::uint64_t>(GROUP_FILTER_SIZE(kMostSources) / sizeof(std::uint64_t) + 1);
  group_filter* get() { return reinterpret_cast<group_filter*>(room.data()); }
};

Result<bool> ask(int fd, const Candidate& c, Membership& m, const std::string& object) {
  Filter f;
  f.get()->gf_interface = c.index;
  f.get()->gf_numsrc = kMostSources;
  put(c.group, f.get()->gf_group);
  socklen_t size = GROUP_FILTER_SIZE(kMostSources);
  if (getsockopt(fd, level_of(c.group), MCAST_MSFILTER, f.get(), &size) != 0) {
    if (errno == EADDRNOTAVAIL || errno == EINVAL || errno == ENODEV || errno == ENOPROTOOPT) return false;
    return Error{"net", "ask for the groups of", object, errno, {}};
  }
  char name[IF_NAMESIZE] = {};
  if_indextoname(c.index, name);
  m.group = c.group;
  m.interface = name;
  m.include = f.get()->gf_fmode == MCAST_INCLUDE;
  if (f.get()->gf_numsrc > kMostSources)
    return Error{"net", "dump", object, 0, format("more than {} sources of a multicast group", kMostSources)};
  for (std::uint32_t i = 0; i < f.get()->gf_numsrc; i++) m.sources.push_back(take(f.get()->gf_slist[i]));
  return true;
}

}  // namespace

Result<std::vector<Membership>> find_memberships(int fd, int family, const std::string& object) {
  std::vector<Candidate> candidates = parse_igmp(TRY(core::read_text("/proc/thread-self/net/igmp")));
  if (family == AF_INET6)
    for (Candidate& c : parse_igmp6(TRY(core::read_text("/proc/thread-self/net/igmp6")))) candidates.push_back(c);
  std::vector<Membership> found;
  for (const Candidate& c : candidates) {
    Membership m;
    if (TRY(ask(fd, c, m, object))) found.push_back(std::move(m));
  }
  return found;
}

Result<> join_groups(int fd, const std::vector<Membership>& memberships, const std::string& object) {
  for (const Membership& m : memberships) {
    const unsigned index = if_nametoindex(m.interface.c_str());
    const std::string what = format("{} (group {} on {})", object, m.group.text(), m.interface);
    group_req join{};
    join.gr_interface = index;
    put(m.group, join.gr_group);
    if (index == 0 || setsockopt(fd, level_of(m.group), MCAST_JOIN_GROUP, &join, sizeof join) != 0)
      return Error{"net", "join a multicast group for", what, errno, {}};
    if (!m.include && m.sources.empty()) continue;
    Filter f;
    f.get()->gf_interface = index;
    f.get()->gf_fmode = m.include ? MCAST_INCLUDE : MCAST_EXCLUDE;
    f.get()->gf_numsrc = static_cast<std::uint32_t>(m.sources.size());
    put(m.group, f.get()->gf_group);
    for (std::size_t i = 0; i < m.sources.size() && i < kMostSources; i++) put(m.sources[i], f.get()->gf_slist[i]);
    if (setsockopt(fd, level_of(m.group), MCAST_MSFILTER, f.get(), GROUP_FILTER_SIZE(m.sources.size())) != 0)
      return Error{"net", "set the sources of", what, errno, {}};
  }
  return {};
}

}  // namespace cr::net
