// Network namespaces: devices, addresses, routes, rules, neighbours, settings, nf_tables, tables of the older
// iptables, tracked connections.
//
// The kernel shows all of it over netlink (rtnetlink, nfnetlink, xfrm), by getsockopt(2) (the older iptables) and in
// /proc/sys/net, to a thread that is in the namespace (core::NsVisit). Messages are kept as they came: what RTM_GETx
// gives, RTM_NEWx takes, but for what the kernel itself counts. Put back by the first process of the namespace, alone
// in it: devices with their indices, settings, masters, addresses, up, nexthops, routes, rules, neighbours, settings
// once more (some follow from others), rules of nf_tables, connections. Tables are led to what they were: an entry
// that the kernel made by itself and that was not there before is taken away.
//
// The other end of a veth, or the device below a macvlan, may be outside: --external veth[inside]:outside@bridge,
// macvlan[inside]:outside. A whole namespace may be external (--external net[inode]:key with --inherit-fd, --join-ns)
// or its content left to the caller (--empty-ns net).
//
// Fallback devices of tunnels (gre0, sit0, ...), which the kernel makes in every namespace while their drivers are
// there and numbers itself, are given their settings where they are; one that is not there is left out if nobody used
// it.
//
// Refused, by name: kinds of device that can't be made again (devices.cc), a veth to another namespace of the tree,
// devices with traffic control, VLAN filters of a bridge, policies of IPsec, rules of arptables, sets of ipset.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ns_kind.h"
#include "core/sharing.h"
#include "netns/netlink.h"

namespace cr::netns {

/// One device (RTM_NEWLINK).
struct Link {
  std::uint32_t index = 0, mtu = 0, flags = 0;
  std::string name{}, alias{};
  std::string kind{};        ///< IFLA_INFO_KIND; "loopback" for lo, empty for a device that nobody can make
  Message data{};            ///< IFLA_INFO_DATA
  Message port_data{};       ///< IFLA_INFO_SLAVE_DATA: its settings as a port of its master
  std::uint32_t master = 0;  ///< index
  std::uint32_t lower = 0;   ///< IFLA_LINK: the device below, the other end of a veth
  std::optional<std::uint32_t> lower_ns{};  ///< IFLA_LINK_NETNSID: that one is in another namespace
  std::uint32_t queue_length = 0, group = 0;
  Message address{};
  std::vector<Message> peers{};  ///< of WireGuard: keys and peers, as WG_CMD_SET_DEVICE takes them
};

/// Tables of entries, each the messages of one dump, in the order in which they are put back.
enum class Table { kNexthops, kAddresses, kRoutes, kRoutes6, kRules, kNeighbours, kBridgeEntries };
inline constexpr std::size_t kTables = 7;

/// One table of the older iptables or ip6tables, as the kernel shows it (xtables.cc).
struct XtTable {
  int family = 0;  ///< AF_INET, AF_INET6
  std::string name{};
  std::uint32_t valid_hooks = 0;
  std::vector<std::uint32_t> hook_entry{}, underflow{};  ///< by hook: offsets in `entries`
  Message entries{};                                     ///< ipt_entry or ip6t_entry, with counters
};

struct NetNamespace {
  std::vector<Link> links{};  ///< by index
  std::vector<Message> tables[kTables]{};
  std::map<std::string, std::string> settings{};  ///< name below /proc/sys/net -> value
  std::map<std::uint32_t, std::int32_t> ids{};    ///< namespace of the images -> its number here (netnsid)
  std::vector<Message> ruleset{};                 ///< nf_tables
  std::vector<XtTable> xtables{};                 ///< of the older iptables
  std::vector<Message> connections{}, expectations{};
  std::string external_key{};  ///< it is not ours: --inherit-fd gives it
  bool complete = true;        ///< what is not in the tables was not there; a set of CRIU's lacks some of them
  bool empty = false;          ///< --empty-ns net: its content is the caller's

  std::vector<Message>& table(Table t) { return tables[static_cast<std::size_t>(t)]; }
  const std::vector<Message>& table(Table t) const { return tables[static_cast<std::size_t>(t)]; }
};

/// Where a restore reaches what is outside; descriptors on service numbers.
struct Outside {
  int route = -1;     ///< a socket of rtnetlink in the engine's own namespace
  int ns = -1;        ///< that namespace
  int given_ns = -1;  ///< the namespace that --inherit-fd or --join-ns gives instead of a new one
};

struct Model {
  std::map<NsId, NetNamespace> namespaces{};
  std::map<NsId, Outside> outside{};
};

/// Where the other end of an external device is to be.
struct ExternalLink {
  std::string outside{}, bridge{};  ///< names; bridge may be empty
};
/// What --external KIND[inside]:outside@bridge says of that device.
std::optional<ExternalLink> external_link(const Options& opt, std::string_view kind, const std::string& inside);

Result<> collect(DumpCtx& ctx, NsId id, const Task& member);
Result<> write(DumpCtx& ctx, NsId id);
Result<> read(ReadCtx& ctx, NsId id);
Result<> plan(PlanCtx& ctx, NsId id);
Result<> prepare(RestoreCtx& ctx, NsId id);
Result<> fill(RestoreCtx& ctx, NsId id);

/// The namespace that the calling thread is in, into the Model: the part of collect that needs no task.
Result<NetNamespace> look_around();
/// Makes the namespace that the calling thread is in like that; it must be new.
Result<> rebuild(const Options& opt, const NetNamespace& dumped, const Outside& outside);

inline constexpr NsKind kKind{
    .name = "net",
    .clone_flag = 0x40000000 /* CLONE_NEWNET */,
    .id = &KobjIds::net_ns,
    .collect = collect,
    .write = write,
    .read = read,
    .plan = plan,
    .prepare = prepare,
    .fill = fill,
};

}  // namespace cr::netns
