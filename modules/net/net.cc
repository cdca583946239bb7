#include "net/net.h"

#include <time.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "core/id_map.h"
#include "core/sharing.h"
#include "files/description.h"
#include "net/inet_socket.h"
#include "net/namespace.h"
#include "net/netlink_socket.h"
#include "net/packet_socket.h"
#include "net/unix_peers.h"

namespace cr::net {
namespace {

using ByNamespace = std::map<NsId, std::vector<LockedConnection>>;

/// On restore those that only end in the making count too. Not those that wait to be accepted, as soon as that is
/// known: nobody outside has an end of them, and they are made by a handshake.
ByNamespace connections(const Models& models) {
  ByNamespace all;
  for (const auto& [id, s] : models.get<InetModel>().sockets)
    if ((s.connection() || s.stream) && s.waits_at == 0) all[s.net_ns].push_back({s.local.plain(), s.peer.plain()});
  return all;
}

/// Names of tables must be unlike those of other runs, of other pid namespaces too.
std::string new_table(const char* what) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return format("crengine-{}-{}-{:x}-{:x}", what, getpid(), now.tv_sec, now.tv_nsec);
}

Result<> take(Models& models, const char* what, const std::vector<LockedConnection>& all) {
  models.edit<LockModel>().held.push_back(TRY(NetworkLock::take(new_table(what), NetworkLock::Life::kOwned, all)));
  log::info("locked the network of {} connections", all.size());
  return {};
}

/// Removes the kept lock from every namespace that may have it.
Result<> remove_kept(const TaskTree& tree, const Models& models, const ByNamespace& all) {
  const std::string& table = models.get<LockModel>().kept;
  if (table.empty()) return {};
  TRY(NetworkLock::remove(table));
  for (const auto& [ns, of_ns] : all) {
    const auto stay = TRY(visit(tree, models, ns));
    if (stay) TRY(NetworkLock::remove(table));
  }
  return {};
}

template <class Sockets, class Name>
void for_each_in_child_space(PlanCtx& ctx, Sockets& sockets, Name name) {
  const auto& tables = ctx.models.get<files::Model>().tables;
  for (auto& [id, s] : sockets) {
    const auto table = tables.find(files::description(ctx.models, id).home);
    if (table != tables.end()) name(s, ctx.tree.tasks[table->second.leader].pid);
  }
}

void name_owners(PlanCtx& ctx) {
  const Models& models = ctx.models;
  if (models.get<core::ChildIds>().spaces.empty()) return;
  auto name = [&](auto& s, NsPid task) {
    if (!s.options.owner) return;
    s.options.owner->uid = core::uid_for(models, task, s.options.owner->uid);
    s.options.owner->gid = core::gid_for(models, task, s.options.owner->gid);
  };
  for_each_in_child_space(ctx, ctx.models.edit<UnixModel>().sockets, name);
  for_each_in_child_space(ctx, ctx.models.edit<NetlinkModel>().sockets, name);
  for_each_in_child_space(ctx, ctx.models.edit<PacketModel>().sockets, name);
  for_each_in_child_space(ctx, ctx.models.edit<InetModel>().sockets, [&](InetSocket& s, NsPid task) {
    name(s, task);
    if (s.uid) s.uid = core::uid_for(models, task, *s.uid);
    if (s.gid) s.gid = core::gid_for(models, task, *s.gid);
  });
}

}  // namespace

Result<> lock(DumpCtx& ctx) {
  if (ctx.opt.network_lock == NetworkLockMethod::kSkip) return {};
  for (const auto& [ns, all] : connections(ctx.models)) {
    const auto stay = TRY(visit(ctx.tree, ctx.models, ns));
    TRY(take(ctx.models, "dump", all));
  }
  LockModel& model = ctx.models.edit<LockModel>();
  if (!model.held.empty() && ctx.opt.final_state == FinalState::kDefault) model.kept = new_table("kept");
  return {};
}

/// What is closed in repair mode goes without a word to the peer, and the kept lock answers for it from here on.
Result<> keep(DumpCtx& ctx) {
  const LockModel& model = ctx.models.get<LockModel>();
  const ByNamespace all = connections(ctx.models);
  for (const auto& [ns, of_ns] : all) {
    const auto stay = TRY(visit(ctx.tree, ctx.models, ns));
    if (!model.kept.empty()) TRY(NetworkLock::take(model.kept, NetworkLock::Life::kKept, of_ns));
  }
  std::vector<UniqueFd> copies;
  std::vector<Repair> mute;
  for (const auto& [id, s] : ctx.models.get<InetModel>().sockets) {
    if (!s.connection()) continue;
    const files::Description& d = files::description(ctx.models, id);
    auto step = [&]() -> Result<> {
      copies.push_back(TRY(files::copy_fd(d.pid, d.fd)));
      mute.push_back(TRY(Repair::begin(copies.back().get(), d.object)));
      return {};
    };
    if (auto r = step(); !r.ok()) {
      (void)remove_kept(ctx.tree, ctx.models, all).ok();
      return r;
    }
  }
  for (Repair& r : mute) r.leave_on();
  end_outside(ctx);
  return {};
}

Result<> let_pass(DumpCtx& ctx) {
  LockModel& model = ctx.models.edit<LockModel>();
  for (NetworkLock& held : model.held) TRY(held.release());
  model.held.clear();
  return {};
}

/// From here on the owners of sockets are said as those who make them have to, who may live in a user namespace below
/// that of the tree.
Result<> plan(PlanCtx& ctx) {
  name_owners(ctx);
  return {};
}

Result<> lock_for_restore(RestoreCtx& ctx) {
  if (ctx.opt.network_lock == NetworkLockMethod::kSkip) return {};
  return lock_namespace(ctx, ctx.models.get<KobjModel>().root.net_ns);
}

Result<> lock_namespace(RestoreCtx& ctx, NsId ns) {
  if (ctx.opt.network_lock == NetworkLockMethod::kSkip) return {};
  const ByNamespace all = connections(ctx.models);
  const auto it = all.find(ns);
  if (it == all.end()) return {};
  TRY(take(ctx.models, "restore", it->second));
  UniqueFd& socket = ctx.models.edit<LockModel>().held.back().socket();
  socket = TRY(files::to_service(ctx, std::move(socket)));
  return {};
}

Result<> unlock(RestoreCtx& ctx) {
  LockModel& model = ctx.models.edit<LockModel>();
  TRY(remove_kept(ctx.tree, ctx.models, connections(ctx.models)));
  for (NetworkLock& held : model.held) TRY(held.release());
  model.held.clear();
  for (const auto& [id, s] : ctx.models.get<InetModel>().sockets) {
    if (!s.connection() || s.waits_at != 0) continue;
    UniqueFd fd = TRY(files::copy_restored(ctx, id));
    if (fd) TRY(revive_inet(fd.get(), s, files::description(ctx.models, id).object));
  }
  return {};
}

}  // namespace cr::net
