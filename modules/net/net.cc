#include "net/net.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "files/description.h"
#include "net/inet_socket.h"

namespace cr::net {
namespace {

/// On restore those that only end in the making count too.
std::vector<LockedConnection> connections(const Models& models) {
  std::vector<LockedConnection> all;
  for (const auto& [id, s] : models.get<InetModel>().sockets)
    if (s.connection() || s.stream) all.push_back({s.local.plain(), s.peer.plain()});
  return all;
}

/// Names of tables must be unlike those of other runs, of other pid namespaces too.
std::string new_table(const char* what) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return format("crengine-{}-{}-{:x}-{:x}", what, getpid(), now.tv_sec, now.tv_nsec);
}

Result<> take(Models& models, const char* what) {
  const auto all = connections(models);
  if (all.empty()) return {};
  models.edit<LockModel>().held = TRY(NetworkLock::take(new_table(what), NetworkLock::Life::kOwned, all));
  log::info("locked the network of {} connections", all.size());
  return {};
}

/// One descriptor for each connection, all at once.
void allow_descriptors(std::size_t count) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count + 256) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<> lock(DumpCtx& ctx) {
  if (ctx.opt.network_lock == NetworkLockMethod::kSkip) return {};
  TRY(take(ctx.models, "dump"));
  LockModel& model = ctx.models.edit<LockModel>();
  if (model.held && ctx.opt.final_state == FinalState::kDefault) model.kept = new_table("kept");
  return {};
}

/// What is closed in repair mode goes without a word to the peer, and the kept lock answers for it from here on.
Result<> keep(DumpCtx& ctx) {
  const LockModel& model = ctx.models.get<LockModel>();
  const auto all = connections(ctx.models);
  if (!model.kept.empty()) TRY(NetworkLock::take(model.kept, NetworkLock::Life::kKept, all));
  allow_descriptors(all.size());
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
      if (!model.kept.empty()) (void)NetworkLock::remove(model.kept).ok();
      return r;
    }
  }
  for (Repair& r : mute) r.leave_on();
  return {};
}

Result<> lock_for_restore(RestoreCtx& ctx) {
  if (ctx.opt.network_lock == NetworkLockMethod::kSkip) return {};
  TRY(take(ctx.models, "restore"));
  auto& held = ctx.models.edit<LockModel>().held;
  if (held) held->socket() = TRY(files::to_service(ctx, std::move(held->socket())));
  return {};
}

Result<> unlock(RestoreCtx& ctx) {
  LockModel& model = ctx.models.edit<LockModel>();
  if (!model.kept.empty()) TRY(NetworkLock::remove(model.kept));
  if (model.held) TRY(model.held->release());
  model.held.reset();
  const files::Model& files = ctx.models.get<files::Model>();
  for (const auto& [id, s] : ctx.models.get<InetModel>().sockets) {
    const files::Description& d = files::description(ctx.models, id);
    if (!s.connection() || d.home == 0 || d.number >= ctx.first_service_fd) continue;
    const Task& owner = ctx.tree.tasks[files.tables.at(d.home).leader];
    UniqueFd fd = TRY(files::copy_fd(owner.host, d.number));
    TRY(revive_inet(fd.get(), s, d.object));
  }
  return {};
}

}  // namespace cr::net
