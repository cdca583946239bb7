// netdev-N, netns-N, ifaddr-N, route-N, route6-N, rule-N, nftables-N, netns-ct-N, netns-exp-N.
//
// The raw images of addresses, routes and rules are what `ip ... save` writes: a magic number, then the messages of a
// dump. nftables-N.img has messages too, where the format's other writer has the words of nft(8): each refuses the
// other's rules by name, and no rule is lost.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/format.h"
#include "base/little_endian.h"
#include "core/manifest.h"
#include "netns/devices.h"
#include "netns/netdev.pb.h"
#include "netns/netns.h"
#include "netns/setting_tables.h"
#include "netns/sit_image.h"

namespace cr::netns {
namespace {

using core::ImageType;

struct RawTable {
  ImageType image;
  Table table;
  std::uint32_t magic;
};
constexpr std::array<RawTable, 4> kRawTables{{
    {ImageType::kIfaddr, Table::kAddresses, 0x47361222},
    {ImageType::kRoute, Table::kRoutes, 0x45311224},
    {ImageType::kRoute6, Table::kRoutes6, 0x45311224},
    {ImageType::kRule, Table::kRules, 0x71706986},
}};

struct KindType {
  std::string_view kind;
  pb::nd_type type;
};
constexpr std::array<KindType, 6> kKindTypes{{{"loopback", pb::nd_type_LOOPBACK},
                                              {"veth", pb::nd_type_VETH},
                                              {"tun", pb::nd_type_TUN},
                                              {"bridge", pb::nd_type_BRIDGE},
                                              {"macvlan", pb::nd_type_MACVLAN},
                                              {"sit", pb::nd_type_SIT}}};

Message joined(const std::vector<Message>& messages) {
  Message all;
  for (const Message& m : messages) {
    all.insert(all.end(), m.begin(), m.end());
    all.resize(NLMSG_ALIGN(all.size()));
  }
  return all;
}

void put_bytes(const std::vector<Message>& from, std::string* to) {
  const Message all = joined(from);
  to->assign(all.begin(), all.end());
}

Result<std::vector<Message>> take_bytes(const std::string& from) {
  return split_messages({reinterpret_cast<const std::uint8_t*>(from.data()), from.size()}, "netns-N.img");
}

Result<> write_raw(DumpCtx& ctx, ImageType type, NsId id, std::uint32_t magic, const std::vector<Message>& messages) {
  auto image = TRY(ctx.images.create(type, id));
  const std::uint32_t on_disk = little_endian(magic);
  if (magic != 0) TRY(image.write_raw({reinterpret_cast<const std::uint8_t*>(&on_disk), sizeof on_disk}));
  TRY(image.write_raw(joined(messages)));
  return image.close();
}

Result<std::vector<Message>> read_raw(ReadCtx& ctx, ImageType type, NsId id, std::uint32_t magic) {
  auto image = TRY(ctx.images.optional_image(type, id));
  if (!image) return std::vector<Message>{};
  if (magic != 0 && image->remaining() > 0)
    if (little_endian(as_number<std::uint32_t>(TRY(image->read_raw(sizeof magic)))) != magic)
      return Error{"netns", "read", image->name(), 0, "it has no magic number of ip(8); the image is damaged"};
  const auto bytes = TRY(image->read_raw(image->remaining()));
  return split_messages(bytes, image->name());
}

template <class Number>
Number in_data(const Link& l, int type) {
  return as_number<Number>(attribute(l.data, type).value_or(ByteSpan{}));
}

void put_tun(const Link& l, pb::tun_link_entry& e) {
  constexpr std::uint32_t kPersist = 0x0800, kNoPi = 0x1000, kVnetHeader = 0x4000, kMultiQueue = 0x0100;
  const bool owned = attribute(l.data, IFLA_TUN_OWNER).has_value(),
             grouped = attribute(l.data, IFLA_TUN_GROUP).has_value();
  e.set_flags(in_data<std::uint8_t>(l, IFLA_TUN_TYPE) | kPersist |
              (in_data<std::uint8_t>(l, IFLA_TUN_PI) ? 0 : kNoPi) |
              (in_data<std::uint8_t>(l, IFLA_TUN_VNET_HDR) ? kVnetHeader : 0) |
              (in_data<std::uint8_t>(l, IFLA_TUN_MULTI_QUEUE) ? kMultiQueue : 0));
  e.set_owner(owned ? in_data<std::int32_t>(l, IFLA_TUN_OWNER) : -1);
  e.set_group(grouped ? in_data<std::int32_t>(l, IFLA_TUN_GROUP) : -1);
  e.set_vnethdr(10);
  e.set_sndbuf(0x7fffffff);
}

pb::net_device_entry to_entry(const Link& l, const Settings& settings) {
  pb::net_device_entry e;
  const auto* known = std::find_if(kKindTypes.begin(), kKindTypes.end(), [&](auto& k) { return k.kind == l.kind; });
  e.set_type(known == kKindTypes.end() ? pb::nd_type_CR_OTHER : known->type);
  e.set_ifindex(l.index);
  e.set_mtu(l.mtu);
  e.set_flags(l.flags);
  e.set_name(l.name);
  if (l.kind == "tun") put_tun(l, *e.mutable_tun());
  // That of lo is nobody's, which the kernel does not take back.
  if (l.kind != "loopback") e.set_address(l.address.data(), l.address.size());
  put_device_settings(settings, l.name, e);
  if (l.kind == "macvlan") {
    e.mutable_macvlan()->set_mode(in_data<std::uint32_t>(l, IFLA_MACVLAN_MODE));
    e.mutable_macvlan()->set_flags(in_data<std::uint16_t>(l, IFLA_MACVLAN_FLAGS));
  }
  if (l.kind == "sit") put_sit(l.data, *e.mutable_sit());
  if (l.lower != 0) e.set_peer_ifindex(l.lower);
  if (l.lower_ns) e.set_peer_nsid(*l.lower_ns);
  if (l.master != 0) e.set_master(l.master);
  pb::cr_link_entry& own = *e.mutable_cr_link();
  own.set_kind(l.kind);
  own.set_data(l.data.data(), l.data.size());
  own.set_port_data(l.port_data.data(), l.port_data.size());
  own.set_alias(l.alias);
  own.set_queue_length(l.queue_length);
  own.set_group(l.group);
  if (!l.peers.empty()) put_bytes(l.peers, own.mutable_peers());
  return e;
}

/// What the format's other writer leaves out is as the kernel makes it.
Result<Link> from_entry(const pb::net_device_entry& e) {
  Link l;
  l.index = e.ifindex();
  l.mtu = e.mtu();
  l.flags = e.flags();
  l.name = e.name();
  l.address.assign(e.address().begin(), e.address().end());
  l.lower = e.peer_ifindex();
  if (e.has_peer_nsid()) l.lower_ns = e.peer_nsid();
  l.master = e.master();
  if (e.has_cr_link()) {
    const pb::cr_link_entry& own = e.cr_link();
    l.kind = own.kind();
    l.data.assign(own.data().begin(), own.data().end());
    l.port_data.assign(own.port_data().begin(), own.port_data().end());
    l.alias = own.alias();
    l.queue_length = own.queue_length();
    l.group = own.group();
    l.peers = TRY(take_bytes(own.peers()));
    return l;
  }
  const auto* known = std::find_if(kKindTypes.begin(), kKindTypes.end(), [&](auto& k) { return k.type == e.type(); });
  if (known == kKindTypes.end() || known->type == pb::nd_type_TUN)
    return Error{"netns", "use", format("network device {} of type {}", l.name, static_cast<int>(e.type())), 0,
                 "devices of this type are restored from images of this engine only"};
  l.kind = known->kind;
  l.queue_length = 1000;
  if (known->type == pb::nd_type_SIT) l.data = take_sit(e.sit());
  if (known->type == pb::nd_type_MACVLAN) {
    Request r(0, 0);
    r.number(IFLA_MACVLAN_MODE, e.macvlan().mode());
    r.number(IFLA_MACVLAN_FLAGS, static_cast<std::uint16_t>(e.macvlan().flags()));
    const ByteSpan data = body_of(r.message());
    l.data.assign(data.begin(), data.end());
    l.lower_ns = 0;
  }
  return l;
}

Result<> write_devices(DumpCtx& ctx, NsId id, const NetNamespace& n) {
  auto image = TRY(ctx.images.create(ImageType::kNetdev, id));
  for (const Link& l : n.links)
    if (!is_made_by_kernel(l)) TRY(image.write(to_entry(l, n.settings)));
  return image.close();
}

void put_table(const XtTable& t, pb::cr_xt_table_entry& e) {
  e.set_family(static_cast<std::uint32_t>(t.family));
  e.set_name(t.name);
  e.set_valid_hooks(t.valid_hooks);
  for (const std::uint32_t at : t.hook_entry) e.add_hook_entry(at);
  for (const std::uint32_t at : t.underflow) e.add_underflow(at);
  e.set_entries(t.entries.data(), t.entries.size());
}

XtTable get_table(const pb::cr_xt_table_entry& e) {
  XtTable t{.family = static_cast<int>(e.family()), .name = e.name(), .valid_hooks = e.valid_hooks()};
  t.hook_entry.assign(e.hook_entry().begin(), e.hook_entry().end());
  t.underflow.assign(e.underflow().begin(), e.underflow().end());
  t.entries.assign(e.entries().begin(), e.entries().end());
  return t;
}

Result<> write_namespace(DumpCtx& ctx, NsId id, const NetNamespace& n) {
  pb::netns_entry e;
  if (!n.external_key.empty()) e.set_ext_key(n.external_key);
  if (n.empty) e.set_cr_empty(true);
  for (const auto& [target, number] : n.ids) {
    e.add_nsids()->set_target_ns_id(target);
    e.mutable_nsids(e.nsids_size() - 1)->set_netnsid_value(number);
  }
  if (n.external_key.empty() && !n.empty) {
    put_namespace_settings(n.settings, e);
    put_bytes(n.table(Table::kNexthops), e.mutable_cr_nexthops());
    put_bytes(n.table(Table::kNeighbours), e.mutable_cr_neighbours());
    put_bytes(n.table(Table::kBridgeEntries), e.mutable_cr_bridge_entries());
    for (const Link& l : n.links)
      if (is_made_by_kernel(l)) *e.add_cr_fallbacks() = to_entry(l, n.settings);
  }
  for (const XtTable& t : n.xtables) put_table(t, *e.add_cr_xt_tables());
  if (!n.xtables.empty()) ctx.images.require(core::kXtTables);
  auto image = TRY(ctx.images.create(ImageType::kNetns, id));
  TRY(image.write(e));
  return image.close();
}

Result<> read_namespace(ReadCtx& ctx, NsId id, NetNamespace& n) {
  auto image = TRY(ctx.images.optional_image(ImageType::kNetns, id));
  n.empty = !image;  // what a dump with --empty-ns leaves
  if (!image) return {};
  pb::netns_entry e;
  TRY(image->only(e));
  n.external_key = e.ext_key();
  n.empty = e.cr_empty();
  n.complete = e.cr_settings_size() != 0;
  take_namespace_settings(e, n.settings);
  for (const auto& own : e.nsids()) n.ids[own.target_ns_id()] = own.netnsid_value();
  n.table(Table::kNexthops) = TRY(take_bytes(e.cr_nexthops()));
  n.table(Table::kNeighbours) = TRY(take_bytes(e.cr_neighbours()));
  n.table(Table::kBridgeEntries) = TRY(take_bytes(e.cr_bridge_entries()));
  for (const auto& l : e.cr_fallbacks()) n.links.push_back(TRY(from_entry(l)));
  for (const auto& t : e.cr_xt_tables()) n.xtables.push_back(get_table(t));
  return {};
}

/// Words begin with "table"; messages with their length, whose upper bytes are 0.
Result<std::vector<Message>> read_ruleset(ReadCtx& ctx, NsId id) {
  auto image = TRY(ctx.images.optional_image(ImageType::kNftables, id));
  if (!image || image->remaining() == 0) return std::vector<Message>{};
  const auto bytes = TRY(image->read_raw(image->remaining()));
  if (bytes.size() > 5 && std::equal(bytes.begin(), bytes.begin() + 5, "table"))
    return Error{"netns", "use", image->name(), 0,
                 "it has rules in the words of nft(8), which are not read yet: restore without it and run nft -f"};
  return split_messages(bytes, image->name());
}

/// Nothing but policies that accept is no loss.
Result<> check_iptables(ReadCtx& ctx, NsId id) {
  for (const ImageType type : {ImageType::kIptables, ImageType::kIp6tables}) {
    auto rules = TRY(ctx.images.optional_image(type, id));
    if (!rules) continue;
    const auto bytes = TRY(rules->read_raw(rules->remaining()));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.find("\n-A ") == text.npos && text.find(" DROP ") == text.npos) continue;
    return Error{"netns", "use", rules->name(), 0,
                 "rules of iptables-save are not read yet: restore without it and run iptables-restore"};
  }
  return {};
}

}  // namespace

Result<> write(DumpCtx& ctx, NsId id) {
  const NetNamespace& n = ctx.models.get<Model>().namespaces.at(id);
  TRY(write_namespace(ctx, id, n));
  if (n.empty || !n.external_key.empty()) return {};
  TRY(write_devices(ctx, id, n));
  for (const RawTable& t : kRawTables) TRY(write_raw(ctx, t.image, id, t.magic, n.table(t.table)));
  if (!n.ruleset.empty()) TRY(write_raw(ctx, ImageType::kNftables, id, 0, n.ruleset));
  if (!n.connections.empty()) TRY(write_raw(ctx, ImageType::kNetnfCt, id, 0, n.connections));
  if (!n.expectations.empty()) TRY(write_raw(ctx, ImageType::kNetnfExp, id, 0, n.expectations));
  return {};
}

Result<> read(ReadCtx& ctx, NsId id) {
  NetNamespace n;
  TRY(read_namespace(ctx, id, n));
  if (n.external_key.empty() && !n.empty) {
    auto image = TRY(ctx.images.image(ImageType::kNetdev, id));
    pb::net_device_entry e;
    while (TRY(image.next(e))) {
      n.links.push_back(TRY(from_entry(e)));
      if (!n.complete) take_device_settings(e, n.settings);
    }
    std::sort(n.links.begin(), n.links.end(), [](const Link& a, const Link& b) { return a.index < b.index; });
    for (const RawTable& t : kRawTables) n.table(t.table) = TRY(read_raw(ctx, t.image, id, t.magic));
    n.ruleset = TRY(read_ruleset(ctx, id));
    n.connections = TRY(read_raw(ctx, ImageType::kNetnfCt, id, 0));
    n.expectations = TRY(read_raw(ctx, ImageType::kNetnfExp, id, 0));
    TRY(check_iptables(ctx, id));
  }
  ctx.models.edit<Model>().namespaces[id] = std::move(n);
  return {};
}

}  // namespace cr::netns
