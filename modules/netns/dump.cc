#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/format.h"
#include "base/log.h"
#include "core/id_map.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"
#include "netns/netns.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

struct Neighbour {
  NsId id = 0;
  UniqueFd ns{};
};

/// The other namespaces of the tree, and the dumper's own.
Result<std::vector<Neighbour>> other_namespaces(const DumpCtx& ctx, NsId own) {
  std::vector<Neighbour> all;
  const KobjModel& objects = ctx.models.get<KobjModel>();
  std::set<NsId> seen{own};
  auto add = [&](NsId id, const std::string& path) -> Result<> {
    if (!seen.insert(id).second) return {};
    UniqueFd ns(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!ns) return Error{"netns", "open", path, errno, "run as root"};
    all.push_back({id, std::move(ns)});
    return {};
  };
  TRY(add(objects.root.net_ns, "/proc/thread-self/ns/net"));
  for (const Task& t : ctx.tree.tasks)
    if (t.alive()) TRY(add(objects.of.at(t.pid).net_ns, format("/proc/{}/ns/net", t.host)));
  return all;
}

/// The number that a namespace has here (ip netns list-id), if any.
Result<std::optional<std::int32_t>> number_here(Netlink& route, int ns) {
  Request ask(RTM_GETNSID, 0, rtgenmsg{});
  ask.number(NETNSA_FD, static_cast<std::uint32_t>(ns));
  const std::vector<Message> answer = TRY(route.ask(ask.message(), "numbers of network namespaces"));
  for (const Message& m : answer) {
    const auto number = attribute(body_of(m, sizeof(rtgenmsg)), NETNSA_NSID);
    if (number && as_number<std::int32_t>(*number) >= 0) return std::optional(as_number<std::int32_t>(*number));
  }
  return std::optional<std::int32_t>{};
}

/// A device that leads into another namespace of the tree would have to wait until that one is made.
Result<> refuse_links_in_tree(const DumpCtx& ctx, const NetNamespace& n) {
  for (const Link& l : n.links)
    for (const auto& [id, number] : n.ids)
      if (l.lower_ns && number == static_cast<std::int32_t>(*l.lower_ns) &&
          id != ctx.models.get<KobjModel>().root.net_ns)
        return Error{"netns", "dump", format("network device {} ({})", l.name, l.kind), 0,
                     "its other end is in another network namespace of the tree, which is not carried yet"};
  return {};
}

/// The groups that may make ICMP sockets show as those who look see them.
void translate_groups(const core::TreeIds& ids, std::map<std::string, std::string>& settings) {
  const auto range = settings.find("ipv4/ping_group_range");
  if (!ids.own || range == settings.end()) return;
  const auto words = core::words(range->second);
  const auto first = words.size() == 2 ? core::number(words[0]) : std::nullopt;
  const auto last = words.size() == 2 ? core::number(words[1]) : std::nullopt;
  const core::IdMap& map = ids.maps.gid;
  if (!first || !last) return;
  const auto from = static_cast<std::uint32_t>(*first), to = static_cast<std::uint32_t>(*last);
  if (map.knows(from) && map.knows(to)) range->second = format("{}\t{}", map.to_inside(from), map.to_inside(to));
}

}  // namespace

Result<NetNamespace> look_around() {
  NetNamespace n;
  Netlink route = TRY(Netlink::open(NETLINK_ROUTE));
  n.links = TRY(look_at_devices(route));
  TRY(look_at_tables(route, n));
  n.settings = TRY(look_at_settings());
  n.ruleset = TRY(look_at_ruleset());
  n.xtables = TRY(look_at_xtables());
  TRY(look_at_connections(n));
  TRY(refuse_the_rest(route, n));
  return n;
}

Result<> collect(DumpCtx& ctx, NsId id, const Task& member) {
  NetNamespace& n = ctx.models.edit<Model>().namespaces[id];
  if (auto key = TRY(core::external_key(ctx.opt, member.live, "net"))) {
    n.external_key = *key;
    return {};
  }
  if (ctx.opt.empty_net_ns) {
    n.empty = true;
    return {};
  }
  const std::vector<Neighbour> others = TRY(other_namespaces(ctx, id));
  const core::NsVisit visit = TRY(core::NsVisit::enter(member.live, "net"));
  n = TRY(look_around());
  translate_groups(ctx.models.get<core::TreeIds>(), n.settings);
  Netlink route = TRY(Netlink::open(NETLINK_ROUTE));
  for (const Neighbour& o : others)
    if (auto number = TRY(number_here(route, o.ns.get()))) n.ids[o.id] = *number;
  TRY(refuse_links_in_tree(ctx, n));
  log::info("network namespace {}: {} devices, {} settings", id, n.links.size(), n.settings.size());
  return {};
}

}  // namespace cr::netns
