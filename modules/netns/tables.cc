// Addresses, nexthops, routes, rules, neighbours: tables whose entries are kept as the kernel shows them.
//
// A new namespace is not empty: the kernel makes rules, and with addresses and devices that come up, routes and more
// addresses. So a table is led to what it was: what is too much is removed, what is missing is added, in several
// passes, since routes need each other.
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "base/format.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

struct TableKind {
  Table table;
  const char* what;
  int ask, add, remove;
  unsigned char family;
  std::size_t fixed;  ///< size of the fixed part
};
constexpr std::array<TableKind, kTables> kTableKinds{{
    {Table::kNexthops, "nexthops", RTM_GETNEXTHOP, RTM_NEWNEXTHOP, RTM_DELNEXTHOP, AF_UNSPEC, sizeof(nhmsg)},
    {Table::kAddresses, "addresses", RTM_GETADDR, RTM_NEWADDR, RTM_DELADDR, AF_UNSPEC, sizeof(ifaddrmsg)},
    {Table::kRoutes, "IPv4 routes", RTM_GETROUTE, RTM_NEWROUTE, RTM_DELROUTE, AF_INET, sizeof(rtmsg)},
    {Table::kRoutes6, "IPv6 routes", RTM_GETROUTE, RTM_NEWROUTE, RTM_DELROUTE, AF_INET6, sizeof(rtmsg)},
    {Table::kRules, "routing rules", RTM_GETRULE, RTM_NEWRULE, RTM_DELRULE, AF_UNSPEC, sizeof(fib_rule_hdr)},
    {Table::kNeighbours, "neighbours", RTM_GETNEIGH, RTM_NEWNEIGH, RTM_DELNEIGH, AF_UNSPEC, sizeof(ndmsg)},
    {Table::kBridgeEntries, "entries of bridges", RTM_GETNEIGH, RTM_NEWNEIGH, RTM_DELNEIGH, AF_BRIDGE, sizeof(ndmsg)},
}};

constexpr int kMaster = 9;  // NDA_MASTER

/// Only what somebody has entered: the kernel learns the rest by itself.
bool is_lasting(const TableKind& k, const Message& m) {
  if (k.table == Table::kNeighbours)
    return fixed_of<ndmsg>(m).ndm_state & NUD_PERMANENT || fixed_of<ndmsg>(m).ndm_flags & NTF_PROXY;
  if (k.table == Table::kBridgeEntries) {  // the others are lists of the devices themselves
    const ByteSpan of = body_of(m, k.fixed);
    return fixed_of<ndmsg>(m).ndm_state & (NUD_PERMANENT | NUD_NOARP) &&
           (attribute(of, kMaster) || attribute(of, NDA_DST));
  }
  if (k.table == Table::kRoutes || k.table == Table::kRoutes6) {
    const auto r = fixed_of<rtmsg>(m);
    return !(r.rtm_flags & RTM_F_CLONED);
  }
  return true;
}

Result<std::vector<Message>> look_at(Netlink& route, const TableKind& k) {
  std::vector<std::uint8_t> fixed(k.fixed);
  fixed[0] = k.family;  // all of these begin with the family
  auto ask = [&] {
    Request r(k.ask, 0);
    r.raw(fixed.data(), fixed.size());
    return route.dump(std::move(r), k.what);
  };
  std::vector<Message> found = TRY(ask());
  if (k.table == Table::kNeighbours) {
    reinterpret_cast<ndmsg*>(fixed.data())->ndm_flags = NTF_PROXY;
    for (Message& m : TRY(ask())) found.push_back(std::move(m));
  }
  std::erase_if(found, [&](const Message& m) { return header_of(m).nlmsg_type != k.add || !is_lasting(k, m); });
  return found;
}

constexpr std::array kCountedTypes{
    std::pair{Table::kAddresses, int{IFA_CACHEINFO}}, std::pair{Table::kRoutes, int{RTA_CACHEINFO}},
    std::pair{Table::kRoutes6, int{RTA_CACHEINFO}},   std::pair{Table::kNeighbours, int{NDA_CACHEINFO}},
    std::pair{Table::kNeighbours, int{NDA_PROBES}},   std::pair{Table::kBridgeEntries, int{NDA_CACHEINFO}},
};
bool is_counted(Table t, int type) {
  return std::find(kCountedTypes.begin(), kCountedTypes.end(), std::pair{t, type}) != kCountedTypes.end();
}

constexpr unsigned kAddressStates = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_OPTIMISTIC | IFA_F_NODAD;

/// What makes two entries the same: all but the header, what the kernel counts, and states that come and go.
Message key_of(const TableKind& k, const Message& m) {
  Message key(body_of(m).begin(), body_of(m).begin() + static_cast<long>(std::min(k.fixed, body_of(m).size())));
  if (k.table == Table::kAddresses) reinterpret_cast<ifaddrmsg*>(key.data())->ifa_flags = 0;
  if (k.table == Table::kRoutes || k.table == Table::kRoutes6)
    reinterpret_cast<rtmsg*>(key.data())->rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
  for (const Attribute& a : attributes(body_of(m, k.fixed))) {
    if (is_counted(k.table, a.type)) continue;
    key.push_back(static_cast<std::uint8_t>(a.type));
    const std::size_t at = key.size();
    key.insert(key.end(), a.data.begin(), a.data.end());
    if (k.table == Table::kAddresses && a.type == IFA_FLAGS) {
      const std::uint32_t lasting = as_number<std::uint32_t>(a.data) & ~(kAddressStates | IFA_F_SECONDARY);
      std::memcpy(key.data() + at, &lasting, sizeof lasting);
    }
  }
  return key;
}

/// The message that takes back what a dump has shown.
Message make_request(const TableKind& k, const Message& shown, int type, int flags) {
  Message m = shown;
  nlmsghdr h = header_of(m);
  h.nlmsg_type = static_cast<__u16>(type);
  h.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
  std::memcpy(m.data(), &h, sizeof h);
  if (k.table == Table::kNexthops) {
    auto* n = reinterpret_cast<nhmsg*>(m.data() + NLMSG_HDRLEN);
    n->nh_scope = n->resvd = 0;
    n->nh_flags &= RTNH_F_ONLINK;
  }
  if (k.table != Table::kRoutes && k.table != Table::kRoutes6) return m;
  auto* r = reinterpret_cast<rtmsg*>(m.data() + NLMSG_HDRLEN);
  r->rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;  // the others tell of the state of the device
  return m;
}

/// Without the attributes that are shown only.
Message without(const Message& m, std::size_t fixed, std::initializer_list<int> types) {
  Request r(header_of(m).nlmsg_type, header_of(m).nlmsg_flags);
  r.raw(body_of(m).data(), std::min(fixed, body_of(m).size()));
  for (const Attribute& a : attributes(body_of(m, fixed)))
    if (std::find(types.begin(), types.end(), a.type) == types.end()) r.put(a.whole_type, a.data);
  return r.message();
}

/// An IPv6 address that is used at once, without asking the neighbours, and forgets that right after. One that the
/// dump found while the neighbours were being asked has no routes yet: they are asked again.
Result<int> add_address(Netlink& route, const TableKind& k, const Message& shown) {
  const auto flags_shown = attribute(body_of(shown, k.fixed), IFA_FLAGS);
  const std::uint32_t flags =
      flags_shown ? as_number<std::uint32_t>(*flags_shown) : fixed_of<ifaddrmsg>(shown).ifa_flags;
  const std::uint32_t lasting = flags & ~(kAddressStates | IFA_F_PERMANENT | IFA_F_SECONDARY | IFA_F_DEPRECATED);
  auto request = [&](int how, std::uint32_t with) {
    Message m = without(make_request(k, shown, k.add, how), k.fixed, {IFA_FLAGS});
    reinterpret_cast<ifaddrmsg*>(m.data() + NLMSG_HDRLEN)->ifa_flags = 0;
    Request r(k.add, how);
    r.raw(m.data() + NLMSG_HDRLEN, m.size() - NLMSG_HDRLEN);
    r.number(IFA_FLAGS, with);
    return r.message();
  };
  if (fixed_of<ifaddrmsg>(shown).ifa_family != AF_INET6 || flags & IFA_F_TENTATIVE)
    return route.send(request(NLM_F_CREATE | NLM_F_REPLACE, lasting | (flags & IFA_F_NODAD)));
  const int err = TRY(route.send(request(NLM_F_CREATE | NLM_F_REPLACE, lasting | IFA_F_NODAD)));
  if (err != 0 || flags & IFA_F_NODAD) return err;
  return route.send(request(NLM_F_REPLACE, lasting));
}

/// A nexthop object stands for what it says of itself.
Message route_to_add(const TableKind& k, const Message& m) {
  if (!attribute(body_of(m, k.fixed), RTA_NH_ID)) return without(m, k.fixed, {RTA_CACHEINFO});
  return without(m, k.fixed,
                 {RTA_CACHEINFO, RTA_OIF, RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH, RTA_ENCAP, RTA_ENCAP_TYPE, RTA_FLOW});
}

Result<int> add(Netlink& route, const TableKind& k, const Message& shown) {
  if (k.table == Table::kAddresses) return add_address(route, k, shown);
  Message m = make_request(k, shown, k.add, NLM_F_CREATE | (k.table == Table::kRules ? 0 : NLM_F_APPEND));
  if (k.table == Table::kNeighbours) m = without(m, k.fixed, {NDA_CACHEINFO, NDA_PROBES});
  if (k.table == Table::kBridgeEntries) {
    const bool of_bridge = attribute(body_of(m, k.fixed), kMaster).has_value();
    m = without(m, k.fixed, {NDA_CACHEINFO, kMaster});
    reinterpret_cast<ndmsg*>(m.data() + NLMSG_HDRLEN)->ndm_flags |= of_bridge ? NTF_MASTER : NTF_SELF;
  }
  if (k.table == Table::kRoutes || k.table == Table::kRoutes6) m = route_to_add(k, m);
  return route.send(m);
}

Result<> remove(Netlink& route, const TableKind& k, const Message& shown) {
  Message m = make_request(k, shown, k.remove, 0);
  if (k.table == Table::kRoutes || k.table == Table::kRoutes6) m = without(m, k.fixed, {RTA_CACHEINFO});
  const int err = TRY(route.send(m));
  if (err == 0 || err == ESRCH || err == ENOENT || err == EADDRNOTAVAIL) return {};
  return Error{"netns", "remove one of the", k.what, err, route.why};
}

/// The newest IPv6 address of a scope stands first: the last comes first.
void order_addresses(std::vector<Message>& all) {
  std::stable_partition(all.begin(), all.end(),
                        [](const Message& m) { return fixed_of<ifaddrmsg>(m).ifa_family != AF_INET6; });
  auto v6 = std::find_if(all.begin(), all.end(),
                         [](const Message& m) { return fixed_of<ifaddrmsg>(m).ifa_family == AF_INET6; });
  std::reverse(v6, all.end());
}

struct Difference {
  std::vector<Message> missing{}, extra{};
};

Difference compare(const TableKind& k, const std::vector<Message>& wanted, const std::vector<Message>& present) {
  std::map<Message, int> count;
  for (const Message& m : wanted) count[key_of(k, m)]++;
  Difference d;
  for (const Message& m : present)
    if (auto it = count.find(key_of(k, m)); it != count.end() && it->second > 0)
      it->second--;
    else
      d.extra.push_back(m);
  for (const Message& m : wanted)
    if (auto it = count.find(key_of(k, m)); it->second > 0) {
      it->second--;
      d.missing.push_back(m);
    }
  return d;
}

/// In as many passes as it takes: a route may need another one.
Result<> add_all(Netlink& route, const TableKind& k, std::vector<Message> missing) {
  int err = 0;
  std::string why;
  for (std::size_t before = missing.size() + 1; !missing.empty() && missing.size() < before;) {
    before = missing.size();
    std::vector<Message> left;
    for (Message& m : missing) {
      const int e = TRY(add(route, k, m));
      if (e == 0 || e == EEXIST) continue;
      err = e;
      why = route.why;
      left.push_back(std::move(m));
    }
    missing = std::move(left);
  }
  if (missing.empty()) return {};
  return Error{"netns", "restore", format("{} of the {}", missing.size(), k.what), err, why};
}

}  // namespace

Result<> look_at_tables(Netlink& route, NetNamespace& into) {
  for (const TableKind& k : kTableKinds) {
    auto found = look_at(route, k);
    if (!found.ok() && (found.error().err == EOPNOTSUPP || found.error().err == EAFNOSUPPORT)) continue;  // not there
    into.table(k.table) = TRY(std::move(found));
  }
  return {};
}

Result<> restore_table(Netlink& route, const NetNamespace& from, Table table) {
  const TableKind& k = kTableKinds[static_cast<std::size_t>(table)];
  const bool exact = from.complete && table != Table::kBridgeEntries;
  // What is too much goes last: others may need it while they are added. Then it may have taken others along.
  for (int round = 0; round < 2; round++) {
    auto present = look_at(route, k);
    if (!present.ok() && from.table(table).empty()) return {};
    Difference d = compare(k, from.table(table), TRY(std::move(present)));
    if (d.missing.empty() && (d.extra.empty() || !exact)) return {};
    if (table == Table::kAddresses) order_addresses(d.missing);
    TRY(add_all(route, k, std::move(d.missing)));
    if (!exact) return {};
    for (const Message& m : d.extra) TRY(remove(route, k, m));
  }
  return {};
}

}  // namespace cr::netns
