#include <fcntl.h>
#include <linux/if.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "core/id_map.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "net/net.h"
#include "netns/devices.h"
#include "netns/netns.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

Error not_made(const Link& l, std::string remedy) {
  return Error{"netns", "restore", format("network device {} ({})", l.name, l.kind), 0, std::move(remedy)};
}

Result<> check_link(const Options& opt, const Link& l) {
  if (is_made_by_kernel(l)) return {};
  const DeviceKind* kind = find_device_kind(l.kind);
  if (kind == nullptr || kind->refusal != nullptr) return not_made(l, "devices of this kind are not carried");
  if (l.kind == "veth" && l.lower_ns && !external_link(opt, l.kind, l.name))
    return not_made(l,
                    format("its other end is outside: say what it is to be called with --external veth[{}]:NAME, or "
                           "NAME@BRIDGE to have it in a bridge",
                           l.name));
  if (kind->link == LowerLink::kBelow && l.lower_ns && !external_link(opt, l.kind, l.name))
    return not_made(l, format("the device below it is outside: name it with --external {}[{}]:NAME", l.kind, l.name));
  return {};
}

/// The file of the one that is joined instead of `id`, which must be that of the root; nullptr for none.
const std::string* joined_file(const Options& opt, const Models& models, const TaskTree& tree, NsId id) {
  return models.get<KobjModel>().of.at(tree.root().pid).net_ns == id ? opt.joined("net") : nullptr;
}

/// The namespace that is given instead of a new one; none when it is ours to make.
Result<UniqueFd> given_namespace(const Options& opt, const NetNamespace& n, const std::string* joined) {
  UniqueFd fd;
  if (joined != nullptr) {
    fd.reset(open(joined->c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Error{"netns", "open", *joined, errno, "name a network namespace with --join-ns net:FILE"};
  } else if (!n.external_key.empty()) {
    fd.reset(fcntl(core::inherited_fd(opt, n.external_key), F_DUPFD_CLOEXEC, 3));
    if (!fd) return Error{"netns", "take", format("--inherit-fd fd[N]:{}", n.external_key), errno, ""};
  }
  return fd;
}

/// The numbers that the namespaces outside had here.
Result<> restore_ids(Netlink& route, const NetNamespace& from, const Outside& outside, NsId dumpers) {
  const auto it = from.ids.find(dumpers);
  if (it == from.ids.end() || outside.ns < 0) return {};
  Request r(RTM_NEWNSID, 0, rtgenmsg{});
  r.number(NETNSA_NSID, it->second);
  r.number(NETNSA_FD, static_cast<std::uint32_t>(outside.ns));
  const int err = TRY(route.send(r.message()));
  if (err == 0 || err == EEXIST) return {};
  return Error{"netns", "give a number to", "the network namespace outside", err, route.why};
}

/// The groups that may make ICMP sockets, as the first who lives there has to say them.
void name_groups(const RestoreCtx& ctx, NsId id, std::map<std::string, std::string>& settings) {
  const auto range = settings.find("ipv4/ping_group_range");
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const auto first = std::find_if(ctx.tree.tasks.begin(), ctx.tree.tasks.end(), [&](const Task& t) {
    const KobjIds* ids = objects.find(t.pid);
    return ids != nullptr && ids->net_ns == id;
  });
  if (range == settings.end() || first == ctx.tree.tasks.end() ||
      core::birth_space(ctx.models, first->pid) == nullptr)
    return;
  std::string said;
  for (const std::string_view word : core::words(range->second)) {
    const auto group = static_cast<std::uint32_t>(core::number(word).value_or(core::kOverflowId));
    said += format("{}{}", said.empty() ? "" : "\t", core::gid_for(ctx.models, first->pid, group));
  }
  range->second = said;
}

bool needs_outside(const NetNamespace& n) {
  return !n.ids.empty() || std::any_of(n.links.begin(), n.links.end(), [](const Link& l) { return l.lower_ns; });
}

}  // namespace

std::optional<ExternalLink> external_link(const Options& opt, std::string_view kind, const std::string& inside) {
  const std::string wanted = format("{}[{}]:", kind, inside);
  for (const std::string& e : opt.external) {
    if (!e.starts_with(wanted)) continue;
    const std::string value = e.substr(wanted.size());
    const std::size_t at = value.find('@');
    return ExternalLink{value.substr(0, at), at == value.npos ? std::string() : value.substr(at + 1)};
  }
  return std::nullopt;
}

Result<> plan(PlanCtx& ctx, NsId id) {
  const NetNamespace& n = ctx.models.get<Model>().namespaces.at(id);
  if (joined_file(ctx.opt, ctx.models, ctx.tree, id) != nullptr || ctx.opt.empty_net_ns) return {};
  if (!n.external_key.empty() && core::inherited_fd(ctx.opt, n.external_key) < 0)
    return Error{"netns", "restore", format("the external network namespace {}", n.external_key), 0,
                 format("pass it on with --inherit-fd fd[N]:{}", n.external_key)};
  for (const Link& l : n.links) TRY(check_link(ctx.opt, l));
  return {};
}

Result<> prepare(RestoreCtx& ctx, NsId id) {
  const NetNamespace& n = ctx.models.get<Model>().namespaces.at(id);
  Outside& outside = ctx.models.edit<Model>().outside[id];
  if (UniqueFd given = TRY(given_namespace(ctx.opt, n, joined_file(ctx.opt, ctx.models, ctx.tree, id)))) {
    outside.given_ns = TRY(files::to_service(ctx, std::move(given))).release();
    return {};
  }
  if (!needs_outside(n)) return {};
  Netlink route = TRY(Netlink::open(NETLINK_ROUTE));
  UniqueFd ns(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!ns) return Error{"netns", "open", "the engine's own network namespace", errno, ""};
  outside.route = TRY(files::to_service(ctx, std::move(route.fd()))).release();
  outside.ns = TRY(files::to_service(ctx, std::move(ns))).release();
  return {};
}

Result<> rebuild(const Options& opt, const NetNamespace& dumped, const Outside& outside) {
  Netlink route = TRY(Netlink::open(NETLINK_ROUTE));
  const NetNamespace from = TRY(fit_to_fallbacks(route, dumped));
  TRY(make_devices(opt, route, from, outside));
  TRY(restore_settings(from.settings, opt.weak_sysctls));
  stop_own_addresses(from.links);
  TRY(join_masters(route, from.links));
  TRY(restore_table(route, from, Table::kAddresses));
  TRY(set_device_flags(route, from.links));
  TRY(restore_settings(from.settings, opt.weak_sysctls));  // may make an address that was not there
  for (const Table t : {Table::kAddresses, Table::kNexthops, Table::kRoutes, Table::kRoutes6, Table::kRules,
                        Table::kNeighbours, Table::kBridgeEntries})
    TRY(restore_table(route, from, t));
  TRY(restore_ruleset(from.ruleset));
  TRY(restore_xtables(from.xtables));
  return restore_connections(from);
}

Result<> fill(RestoreCtx& ctx, NsId id) {
  NetNamespace& n = ctx.models.edit<Model>().namespaces.at(id);
  const Outside& outside = ctx.models.edit<Model>().outside[id];
  if (outside.given_ns >= 0) {
    if (setns(outside.given_ns, CLONE_NEWNET) != 0)
      return Error{"netns", "enter", "the network namespace that was given", errno, ""};
    return net::lock_namespace(ctx, id);
  }
  TRY(net::lock_namespace(ctx, id));
  if (n.empty || ctx.opt.empty_net_ns) return {};
  name_groups(ctx, id, n.settings);
  Netlink route = TRY(Netlink::open(NETLINK_ROUTE));
  TRY(restore_ids(route, n, outside, ctx.models.get<KobjModel>().root.net_ns));
  return rebuild(ctx.opt, n, outside);
}

}  // namespace cr::netns
