// What devices there are, and which of them can be made again.
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "netns/devices.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

Link parse_link(const Message& m) {
  Link l;
  const auto info = fixed_of<ifinfomsg>(m);
  l.index = static_cast<std::uint32_t>(info.ifi_index);
  l.flags = info.ifi_flags;
  if (info.ifi_type == ARPHRD_LOOPBACK) l.kind = "loopback";
  for (const Attribute& a : attributes(body_of(m, sizeof info))) switch (a.type) {
      case IFLA_IFNAME:
        l.name = as_text(a.data);
        break;
      case IFLA_IFALIAS:
        l.alias = as_text(a.data);
        break;
      case IFLA_MTU:
        l.mtu = as_number<std::uint32_t>(a.data);
        break;
      case IFLA_TXQLEN:
        l.queue_length = as_number<std::uint32_t>(a.data);
        break;
      case IFLA_GROUP:
        l.group = as_number<std::uint32_t>(a.data);
        break;
      case IFLA_MASTER:
        l.master = as_number<std::uint32_t>(a.data);
        break;
      case IFLA_LINK:
        l.lower = as_number<std::uint32_t>(a.data);
        break;
      case IFLA_LINK_NETNSID:
        l.lower_ns = as_number<std::uint32_t>(a.data);
        break;
      case IFLA_ADDRESS:
        l.address.assign(a.data.begin(), a.data.end());
        break;
      case IFLA_LINKINFO:
        for (const Attribute& i : attributes(a.data)) {
          if (i.type == IFLA_INFO_KIND) l.kind = as_text(i.data);
          if (i.type == IFLA_INFO_DATA) l.data.assign(i.data.begin(), i.data.end());
          if (i.type == IFLA_INFO_SLAVE_DATA) l.port_data.assign(i.data.begin(), i.data.end());
        }
        break;
      default:
        break;
    }
  return l;
}

Error refuse(const Link& l, std::string why) {
  return Error{"netns", "dump", format("network device {} ({})", l.name, l.kind.empty() ? "no kind" : l.kind), 0,
               std::move(why)};
}

Result<> check_link(const Link& l) {
  if (is_made_by_kernel(l)) return {};
  const DeviceKind* kind = find_device_kind(l.kind);
  if (l.kind.empty())
    return refuse(l,
                  "only the kernel can make it: move it out of the container before the dump, or leave the content "
                  "of the namespace to the caller with --empty-ns net");
  if (kind == nullptr)
    return refuse(l,
                  "devices of this kind are not carried: remove it before the dump, or leave the content of the "
                  "namespace to the caller with --empty-ns net");
  if (kind->refusal != nullptr) return refuse(l, kind->refusal);
  const auto persist = attribute(l.data, IFLA_TUN_PERSIST);
  if (l.kind == "tun" && persist && as_number<std::uint8_t>(*persist) == 0)
    return refuse(
        l,
        "it goes with its descriptors of /dev/net/tun, and is not carried: make it persistent (ip tuntap), or "
        "end the program");
  if (l.lower_ns && kind->link == LowerLink::kBelow && !kind->below_may_be_outside)
    return refuse(l, "the device below it is in another network namespace, which is carried for macvlan only");
  return {};
}

}  // namespace

Result<std::vector<Link>> list_devices(Netlink& route) {
  std::vector<Link> links;
  for (const Message& m : TRY(route.dump({RTM_GETLINK, 0, ifinfomsg{}}, "network devices")))
    links.push_back(parse_link(m));
  std::sort(links.begin(), links.end(), [](const Link& a, const Link& b) { return a.index < b.index; });
  return links;
}

Result<Link> look_at_device(Netlink& route, std::uint32_t index) {
  ifinfomsg which{};
  which.ifi_index = static_cast<int>(index);
  const auto answer = TRY(route.ask(Request(RTM_GETLINK, 0, which).message(), "a network device"));
  if (answer.empty()) return Error{"netns", "ask for", format("network device {}", index), ENODEV, ""};
  return parse_link(answer.front());
}

Result<std::vector<Link>> look_at_devices(Netlink& route) {
  std::vector<Link> links = TRY(list_devices(route));
  for (Link& l : links) {
    TRY(check_link(l));
    if (l.kind == "wireguard") TRY(look_at_peers(l));
  }
  return links;
}

}  // namespace cr::netns
