// What a restore does in the coordinator: decide, and open what comes from outside.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/id_map.h"
#include "core/proc_text.h"
#include "files/files.h"
#include "mnt/bare.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"
#include "mnt/outside.h"

namespace cr::mnt {
namespace {

/// A copy that belongs to no namespace yet.
Result<UniqueFd> copy_outside(const std::string& path, const Mount& m, std::uint64_t propagation) {
  UniqueFd copy(open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!copy) return Error{"mnt", format("take {} for", path), m.name(), errno, ""};
  mount_attr attr{};
  attr.propagation = propagation;
  if (propagation != 0 && mount_setattr(copy.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0)
    return Error{"mnt", format("take {} for", path), m.name(), errno, "the kernel must be 5.12 or newer"};
  return copy;
}

/// What others hide in the engine's own namespace, each uncovered in a copy of that: of a copy in no namespace no
/// more copies can be made.
Result<> take_hidden(Namespace& ns) {
  std::vector<Mount> theirs;
  for (std::size_t i = 0; i < ns.mounts.size(); ++i) {
    if (ns.mounts[i].hidden == 0) continue;
    if (theirs.empty()) theirs = TRY(parse_mountinfo(TRY(core::read_text("/proc/thread-self/mountinfo"))));
    const std::uint32_t dev = TRY(find_hidden(theirs, ns.mounts[i]))->dev;
    auto copies = TRY(bare_copies(HostPid{getpid()}, theirs, {dev}));
    ns.taken[i] = std::move(copies.at(dev));
  }
  return {};
}

/// Options of cgroup2 are those of the whole hierarchy: mounting it with others would change them for everybody.
Result<> keep_cgroup_options(Namespace& ns) {
  const auto is_cgroup2 = [](const Mount& m) { return m.fs_name == "cgroup2"; };
  if (std::none_of(ns.mounts.begin(), ns.mounts.end(), is_cgroup2)) return {};
  const std::vector<Mount> own = TRY(parse_mountinfo(TRY(core::read_text("/proc/thread-self/mountinfo"))));
  const auto here = std::find_if(own.begin(), own.end(), is_cgroup2);
  for (Mount& m : ns.mounts)
    if (is_cgroup2(m) && here != own.end()) m.options = here->options;
  return {};
}

}  // namespace

Result<> plan(PlanCtx& ctx, NsId id) {
  Model& model = ctx.models.edit<Model>();
  Namespace& ns = model.namespaces.at(id);
  const Outside outside = TRY(outside_of_tree(model, ctx.opt));
  for (Mount& m : ns.mounts) {
    if (m.key == kAutoKey && !outside.automatic)
      return Error{"mnt", "restore", m.name(), 0,
                   format("it was bound from {} outside: allow that by --external 'mnt[]'", m.source)};
    if (m.key != kDeviceKey) continue;
    const auto device = outside.devices.find(m.source);
    if (device == outside.devices.end())
      return Error{"mnt", "restore", m.name(), 0,
                   format("its device comes from outside: tell which one by --external 'dev[{}]:PATH'", m.source)};
    m.source = device->second;
  }
  TRY(keep_cgroup_options(ns));
  TRY(plan_origins(model, id, ctx.opt, Side::kRestore));
  TRY(check_inner_proc(ctx, id));
  return id == model.order.back() ? check_groups(model, ctx.opt, {}) : Result<>{};
}

Result<> plan_numbers(PlanCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  files::Model& files = ctx.models.edit<files::Model>();
  for (auto& [id, ns] : model.namespaces) {
    if (ns.nested) ns.root_number = files::take_service_number(files);
    if (model.order.size() < 2) continue;
    ns.first_number = files::take_service_number(files);
    for (std::size_t i = 1; i < ns.mounts.size(); ++i) files::take_service_number(files);
  }
  return plan_automounts(ctx);
}

Result<> prepare(RestoreCtx& ctx, NsId id) {
  const Model& model = ctx.models.get<Model>();
  Namespace& ns = ctx.models.edit<Model>().namespaces.at(id);
  const Outside outside = TRY(outside_of_tree(model, ctx.opt));
  const bool in_user_namespace =
      ctx.models.get<core::TreeIds>().own || ctx.models.get<core::ChildIds>().owner_of(id) != 0;
  ns.taken.resize(ns.mounts.size());
  if (id == model.order.front()) TRY(open_automount_control(ctx));
  TRY(take_hidden(ns));
  for (std::size_t i = 0; i < ns.mounts.size(); ++i) {
    const Origin& o = ns.origins[i];
    if (ns.taken[i]) continue;
    const std::uint64_t propagation = propagation_of_copy(model, ns, i, outside);
    if (o.kind == Origin::Kind::kRoot)
      ns.taken[i] = TRY(copy_outside(ctx.opt.root.empty() ? "/" : ctx.opt.root, ns.mounts[i], propagation));
    else if (o.kind == Origin::Kind::kOutside)
      ns.taken[i] = TRY(copy_outside(o.path, ns.mounts[i], propagation));
    else if (o.kind == Origin::Kind::kNew && in_user_namespace && !is_for_user_namespaces(ns.mounts[i].fs_name))
      ns.taken[i] = TRY(make_file_system(ns.mounts[i]));
  }
  return {};
}

/// Groups come when all namespaces are there.
Result<> fill(RestoreCtx& ctx, NsId id) {
  Model& model = ctx.models.edit<Model>();
  Namespace& ns = model.namespaces.at(id);
  std::vector<UniqueFd> fds = std::move(ns.made);
  if (fds.empty()) {
    TRY(take_from_earlier(ctx, ns));
    fds = TRY(build(ns, ctx.images));
  }
  TRY(keep_for_later(ctx, ns, fds));
  if (id != model.order.back()) return {};
  return set_groups(model, TRY(reach_all(ctx, std::move(fds))));
}

}  // namespace cr::mnt
