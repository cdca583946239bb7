// Several mount namespaces of one tree: what a later one has of earlier ones, and how the last one gets at all.
//
// Each is made by another process. That one keeps its mounts under service numbers until its restorer closes these;
// others open them through the engine's /proc. A copy of a mount can be made only by who is in its namespace.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <set>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/stages.h"
#include "mnt/mnt.h"

namespace cr::mnt {
namespace {

Error unreachable(const std::string& object) { return Error{"mnt", "reach", object, errno, ""}; }

Result<UniqueFd> open_space(const RestoreCtx& ctx, const Namespace& ns) {
  const std::string name = format("{}/ns/mnt", ctx.shared->task[ns.maker].host_pid.load());
  UniqueFd space(openat(ctx.proc_fd, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return unreachable(format("the mount namespace of task {}", ns.maker));
  return space;
}

Result<UniqueFd> open_kept(const RestoreCtx& ctx, const Namespace& ns, std::size_t i) {
  const std::string name = TRY(kept_by_maker(ctx, ns, ns.first_number + static_cast<int>(i)));
  UniqueFd fd(openat(ctx.proc_fd, name.c_str(), O_PATH | O_CLOEXEC));
  if (!fd && errno != ENOENT) return unreachable(ns.mounts[i].name());
  return fd;  // nothing: it is made later, when there are terminals
}

Result<> go_to(const UniqueFd& space) {
  if (setns(space.get(), CLONE_NEWNS) != 0) return Error{"mnt", "enter", "a mount namespace of the tree", errno, ""};
  return {};
}

/// In the earlier namespace.
Result<> copy_from(RestoreCtx& ctx, const Namespace& from, NsId id, Namespace& into) {
  for (std::size_t i = 0; i < into.mounts.size(); ++i) {
    const Origin& o = into.origins[i];
    if (o.kind != Origin::Kind::kEarlier || o.ns != id) continue;
    const Mount& m = into.mounts[i];
    const UniqueFd base = TRY(open_kept(ctx, from, o.of));
    if (!base) return unreachable(from.mounts[o.of].name());
    into.taken[i] = TRY(copy_below(base.get(), below(m.root, from.mounts[o.of].root), m));
  }
  return {};
}

}  // namespace

NsId nested_with(const Model& model, std::uint32_t mount) {
  for (const auto& [id, ns] : model.namespaces) {
    if (!ns.nested) continue;
    if (ns.all.contains(mount)) return id;
    for (const Mount& m : ns.mounts)
      if (m.id == mount) return id;
  }
  return 0;
}

NsId made_by(const Model& model, TaskIndex maker) {
  for (const auto& [id, ns] : model.namespaces)
    if (ns.nested && ns.maker == maker) return id;
  return 0;
}

Result<std::string> kept_by_maker(const RestoreCtx& ctx, const Namespace& ns, int number) {
  const SharedPage& page = *ctx.shared;
  const TaskSlot& maker = page.task[ns.maker];
  const SysResult self = core::pid_in_proc(ctx.proc_fd);
  TaskIndex own = 0;
  while (own < page.tasks && (!self.ok() || page.task[own].host_pid != static_cast<std::int32_t>(self.raw()))) ++own;
  // Who waits for a later one could wait for its own child.
  if (maker.is_in_place == 0 && own < ns.maker)
    return Error{"mnt", "reach", format("the mount namespace of task {}", ns.maker), 0,
                 "it is made later than what needs it"};
  if (own != ns.maker) core::await_value(*ctx.shared, maker.is_in_place, 1);
  return format("{}/fd/{}", maker.host_pid.load(), number);
}

Result<> take_from_earlier(RestoreCtx& ctx, Namespace& ns) {
  std::set<NsId> sources;
  for (const Origin& o : ns.origins)
    if (o.kind == Origin::Kind::kEarlier) sources.insert(o.ns);
  if (sources.empty()) return {};
  UniqueFd own(openat(ctx.proc_fd, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!own) return unreachable("the new mount namespace");
  const Model& model = ctx.models.get<Model>();
  for (const NsId id : sources) {
    const Namespace& from = model.namespaces.at(id);
    core::await_value(*ctx.shared, ctx.shared->task[from.maker].is_in_place, 1);
    TRY(go_to(TRY(open_space(ctx, from))));
    TRY(copy_from(ctx, from, id, ns));
  }
  return go_to(own);
}

Result<> keep_for_later(RestoreCtx& ctx, const Namespace& ns, const std::vector<UniqueFd>& fds) {
  if (ctx.models.get<Model>().order.size() < 2) return {};
  for (std::size_t i = 0; i < fds.size(); ++i) {
    // Those that are made for others to be bound from have no number: they are gone with the yard.
    if (!fds[i] || ns.mounts[i].point.empty()) continue;
    if (dup3(fds[i].get(), ns.first_number + static_cast<int>(i), O_CLOEXEC) < 0)
      return Error{"mnt", "keep", ns.mounts[i].name(), errno, "raise the hard limit of open files (ulimit -Hn)"};
  }
  return {};
}

Result<Reach> reach_all(RestoreCtx& ctx, std::vector<UniqueFd> own) {
  const Model& model = ctx.models.get<Model>();
  Reach reach;
  for (std::size_t place = 0; place + 1 < model.order.size(); ++place) {
    const Namespace& ns = model.at(place);
    core::await_value(*ctx.shared, ctx.shared->task[ns.maker].is_in_place, 1);
    reach.spaces.push_back(TRY(open_space(ctx, ns)));
    reach.fds.emplace_back(ns.mounts.size());
    for (std::size_t i = 0; i < ns.mounts.size(); ++i)
      if (!ns.mounts[i].point.empty()) reach.fds.back()[i] = TRY(open_kept(ctx, ns, i));
  }
  reach.fds.push_back(std::move(own));
  reach.spaces.emplace_back(openat(ctx.proc_fd, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (model.order.size() > 1 && !reach.spaces.back()) return unreachable("the new mount namespace");
  return reach;
}

}  // namespace cr::mnt
