#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

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
  return refuse_ipsec();
}

}  // namespace cr::netns
