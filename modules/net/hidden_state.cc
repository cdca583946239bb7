#include "net/hidden_state.h"

#include <linux/in6.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <sstream>
#include <vector>

#include "base/format.h"
#include "core/ns_kind.h"
#include "core/proc_text.h"
#include "net/errors.h"

namespace cr::net {
namespace {

/// A question with too little room for the answer takes nothing.
bool has_saved_syn(int fd) {
  char byte;
  socklen_t size = sizeof byte;
  return getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, &byte, &size) != 0 && errno == EINVAL && size > sizeof byte;
}

/// Read once in a dump: nobody of the tree leases one meanwhile.
struct SeenLabels {
  std::map<NsId, std::vector<std::uint32_t>> of{};
};

/// The labels that anybody in the caller's network namespace has leased.
std::vector<std::uint32_t> read_labels() {
  std::vector<std::uint32_t> labels;
  auto text = core::read_text("/proc/thread-self/net/ip6_flowlabel");
  if (!text.ok()) return labels;
  std::istringstream lines(text.value());
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("Label"))
      labels.push_back(static_cast<std::uint32_t>(std::strtoul(line.c_str(), nullptr, 16)));
  return labels;
}

const std::vector<std::uint32_t>& leased_labels(DumpCtx& ctx, NsId net_ns) {
  auto& of = ctx.models.edit<SeenLabels>().of;
  auto it = of.find(net_ns);
  if (it == of.end()) it = of.emplace(net_ns, read_labels()).first;
  return it->second;
}

/// Only who has a lease may renew it, which for the least of times changes nothing.
bool has_lease(int fd, std::uint32_t label) {
  in6_flowlabel_req request{};
  request.flr_label = htonl(label);
  request.flr_action = IPV6_FL_A_RENEW;
  request.flr_share = IPV6_FL_S_EXCL;  // with IPV6_FL_S_NONE it is about those of others
  return setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof request) == 0;
}

bool routes_multicast(int family) {
  auto text = core::read_text(format("/proc/sys/net/ipv{}/conf/all/mc_forwarding", family == AF_INET6 ? 6 : 4));
  return text.ok() && !text.value().starts_with("0");
}

}  // namespace

Result<> refuse_hidden_state(DumpCtx& ctx, int fd, const InetSocket& s, const std::string& object) {
  if (s.tcp() && s.state != TcpState::kListen && has_saved_syn(fd) && !ctx.opt.allows_lossy("saved-syn"))
    return refuse(object,
                  "the first packet of its connection was kept (TCP_SAVE_SYN), and nobody has asked for it yet; "
                  "--allow-lossy saved-syn drops it");
  if (s.family == AF_INET6)
    for (const std::uint32_t label : leased_labels(ctx, s.net_ns))
      if (has_lease(fd, label))
        return refuse(object,
                      format("it has a lease of the IPv6 flow label {:x}: release it before the dump", label));
  const int routing = s.family == AF_INET6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_IGMP};
  const bool may_route = s.type == SOCK_RAW && s.protocol == routing;
  if (may_route && routes_multicast(s.family))
    return refuse(object,
                  "a multicast router works in its network namespace (MRT_INIT), whose routes are not carried: end "
                  "it before the dump");
  return {};
}

}  // namespace cr::net
