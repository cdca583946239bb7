// proc file systems that show an inner pid namespace, in a mount namespace that was there before that
// (unshare --fork --mount-proc): the first process of the pid namespace mounts them when it is born.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/format.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"

namespace cr::mnt {
namespace {

Error refuse(const Mount& m, std::string why) { return Error{"mnt", "carry", m.name(), 0, std::move(why)}; }

/// The pid namespace that a proc shows, by its first process; 0: others hide it, or that is gone.
NsId shown_by(DumpCtx& ctx, HostPid member, const Mount& m) {
  const std::string place = format("/proc/{}/root{}", member, m.point);
  struct stat top, space;
  if (stat(place.c_str(), &top) != 0 || (major(top.st_dev) << 20 | minor(top.st_dev)) != m.dev) return 0;
  if (stat((place + "/1/ns/pid").c_str(), &space) != 0) return 0;
  return ctx.ids.namespaces.id_of(space.st_dev, space.st_ino);
}

const Task* first_in(const TaskTree& tree, const KobjModel& objects, NsId KobjIds::*kind, NsId id) {
  for (const Task& t : tree.tasks)
    if (const KobjIds* ids = objects.find(t.pid); ids != nullptr && ids->*kind == id) return &t;
  return nullptr;
}

/// Whether the first process of the pid namespace will be able to mount it: on top, with nothing on it.
Result<> check(const TaskTree& tree, const KobjModel& objects, const Namespace& ns, NsId id, std::size_t i,
               const std::vector<Origin>& origins) {
  const Mount& m = ns.mounts[i];
  const Task* init = first_in(tree, objects, &KobjIds::pid_ns, m.pid_ns);
  if (init == nullptr || init->space != init->index || objects.find(init->pid)->mnt_ns != id)
    return refuse(m, "it shows a pid namespace whose first process does not live in this mount namespace");
  const bool is_used =
      std::any_of(ns.mounts.begin(), ns.mounts.end(), [&](const Mount& o) { return o.parent == m.id; }) ||
      std::any_of(origins.begin(), origins.end(),
                  [&](const Origin& o) { return o.kind == Origin::Kind::kBind && o.of == i; });
  if (is_used || m.shared != 0 || m.master != 0)
    return refuse(m,
                  "it shows another pid namespace than that of the first process in this mount namespace, and has "
                  "mounts on it, is bound elsewhere or shares mounts");
  return {};
}

}  // namespace

Result<> find_inner_proc(DumpCtx& ctx, NsId id, const std::vector<Origin>& origins) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  Namespace& ns = ctx.models.edit<Model>().namespaces.at(id);
  const Task* maker = first_in(ctx.tree, objects, &KobjIds::mnt_ns, id);
  for (std::size_t i = 0; maker != nullptr && i < ns.mounts.size(); ++i) {
    Mount& m = ns.mounts[i];
    if (m.fs_name != "proc" || origins[i].kind != Origin::Kind::kNew) continue;
    const NsId shown = shown_by(ctx, ns.member, m);
    if (shown == 0 || shown == objects.find(maker->pid)->pid_ns) continue;
    m.pid_ns = shown;
    TRY(check(ctx.tree, objects, ns, id, i, origins));
  }
  return {};
}

Result<> check_inner_proc(const PlanCtx& ctx, NsId id) {
  const Namespace& ns = ctx.models.get<Model>().namespaces.at(id);
  for (std::size_t i = 0; i < ns.mounts.size(); ++i)
    if (ns.mounts[i].pid_ns != 0) TRY(check(ctx.tree, ctx.models.get<KobjModel>(), ns, id, i, ns.origins));
  return {};
}

Result<> mount_inner_proc(const TaskCtx& ctx) {
  const KobjIds* own = ctx.models().get<KobjModel>().find(ctx.task.pid);
  const auto& all = ctx.models().get<Model>().namespaces;
  const auto ns = own == nullptr || ctx.task.space != ctx.task.index ? all.end() : all.find(own->mnt_ns);
  if (ns == all.end()) return {};
  for (const Mount& m : ns->second.mounts) {
    if (m.pid_ns == 0 || m.pid_ns != own->pid_ns) continue;
    const UniqueFd mount = TRY(make_file_system(m));
    TRY(set_flags(mount.get(), m));
    if (move_mount(mount.get(), "", AT_FDCWD, m.point.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
      return Error{"mnt", "attach", m.name(), errno, ""};
  }
  return {};
}

}  // namespace cr::mnt
