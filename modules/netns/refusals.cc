// Before the kernel's headers of the same.
#include <netinet/in.h>
//
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_bridge/ebtables.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>

#include "base/format.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

Error refuse(std::string object, std::string why) {
  return Error{"netns", "dump", std::move(object), 0,
               std::move(why) + ", or leave the content of the namespace to the caller with --empty-ns net"};
}

std::string name_of(const NetNamespace& found, std::uint32_t index) {
  for (const Link& l : found.links)
    if (l.index == index) return l.name;
  return format("{}", index);
}

/// The kernel's own have no handle.
Result<> refuse_traffic_control(Netlink& route, const NetNamespace& found) {
  auto all = route.dump({RTM_GETQDISC, 0, tcmsg{}}, "queueing disciplines");
  if (!all.ok()) return all.error().err == EOPNOTSUPP ? Result<>{} : Result<>{all.take_error()};
  for (const Message& m : all.value()) {
    const auto t = fixed_of<tcmsg>(m);
    if (header_of(m).nlmsg_type != RTM_NEWQDISC || t.tcm_handle == 0) continue;
    const auto kind = attribute(body_of(m, sizeof t), TCA_KIND);
    return refuse(format("queueing discipline {} of network device {}", kind ? as_text(*kind) : "?",
                         name_of(found, static_cast<std::uint32_t>(t.tcm_ifindex))),
                  "traffic control is not carried yet: remove it before the dump (tc qdisc del)");
  }
  return {};
}

Result<> refuse_ipsec() {
  auto xfrm = Netlink::open(NETLINK_XFRM);
  if (!xfrm.ok()) return {};
  auto any = [&](Request ask) {
    auto found = xfrm.value().dump(std::move(ask), "IPsec");
    return found.ok() && !found.value().empty();
  };
  if (any({XFRM_MSG_GETSA, 0, xfrm_usersa_id{}}) || any({XFRM_MSG_GETPOLICY, 0, xfrm_userpolicy_id{}}))
    return refuse("states and policies of IPsec", "they are not carried yet: remove them before the dump (ip xfrm)");
  return {};
}

/// Whether a rule names them or not: a program may be about to.
Result<> refuse_sets() {
  auto nf = Netlink::open(NETLINK_NETFILTER);
  if (!nf.ok()) return {};
  const nfgenmsg family{AF_INET, NFNETLINK_V0, 0};
  Request ask(NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST, 0, family);
  ask.number(IPSET_ATTR_PROTOCOL, std::uint8_t{IPSET_PROTOCOL_MIN});
  ask.number(IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, htonl(IPSET_FLAG_LIST_SETNAME));
  const auto sets = nf.value().dump(std::move(ask), "sets of ipset");
  if (!sets.ok()) return {};  // the kernel has no such thing
  for (const Message& m : sets.value())
    if (const auto name = attribute(body_of(m, sizeof family), IPSET_ATTR_SETNAME))
      return refuse(format("set {} of ipset", as_text(*name)),
                    "sets are not carried: remove it before the dump (ipset destroy), use sets of nf_tables");
  return {};
}

/// Nothing but chains of the kernel's that accept.
bool is_untouched(const ebt_replace& table, const std::vector<char>& entries) {
  const auto chains = static_cast<std::size_t>(std::popcount(table.valid_hooks));
  if (table.nentries != 0 || table.entries_size != chains * sizeof(ebt_entries)) return false;
  for (std::size_t i = 0; i < chains; ++i) {
    ebt_entries chain;
    std::memcpy(&chain, entries.data() + i * sizeof chain, sizeof chain);
    if (chain.policy != EBT_ACCEPT) return false;
  }
  return true;
}

/// Those that nft(8) doesn't know; what Debian's ebtables(8) makes is in the ruleset.
Result<> refuse_ebtables() {
  const UniqueFd fd(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!fd) return Error{"netns", "open", "a raw socket for the older ebtables", errno, ""};
  for (const std::string name : {"filter", "nat", "broute"}) {
    ebt_replace table{};
    name.copy(table.name, sizeof table.name - 1);
    socklen_t size = sizeof table;
    if (getsockopt(fd.get(), IPPROTO_IP, EBT_SO_GET_INFO, &table, &size) != 0) continue;
    std::vector<char> entries(table.entries_size);
    table.entries = entries.data();
    table.num_counters = 0;
    size = static_cast<socklen_t>(sizeof table + entries.size());
    const bool seen = getsockopt(fd.get(), IPPROTO_IP, EBT_SO_GET_ENTRIES, &table, &size) == 0;
    if (!seen || !is_untouched(table, entries))
      return refuse(format("table {} of the older ebtables", name),
                    "its rules are not carried: remove them before the dump (ebtables-legacy -F), use those of "
                    "nf_tables");
  }
  return {};
}

Result<> refuse_vlan_filters(const NetNamespace& found) {
  for (const Link& l : found.links) {
    const auto filtering = attribute(l.data, IFLA_BR_VLAN_FILTERING);
    if (l.kind == "bridge" && filtering && as_number<std::uint8_t>(*filtering) != 0)
      return refuse(format("network device {} (bridge)", l.name),
                    "its VLAN filters are not carried yet: switch vlan_filtering off");
  }
  return {};
}

}  // namespace

Result<> refuse_the_rest(Netlink& route, const NetNamespace& found) {
  TRY(refuse_vlan_filters(found));
  TRY(refuse_traffic_control(route, found));
  TRY(refuse_sets());
  TRY(refuse_ebtables());
  return refuse_ipsec();
}

}  // namespace cr::netns
