#include "files/tree_paths.h"

#include "base/format.h"
#include "mnt/mnt.h"

namespace cr::files {

std::optional<std::string> TreePaths::inside(const std::string& link) const {
  if (!mnt::is_below(link, root)) return std::nullopt;
  return mnt::join("/", mnt::below(link, root));
}

namespace {

NsId namespace_of_task(const DumpCtx& ctx, HostPid pid) {
  const KobjIds* ids = nullptr;
  for (const Task& t : ctx.tree.tasks)
    if (t.live == pid || (t.index == 0 && ids == nullptr)) ids = ctx.models.get<KobjModel>().find(t.pid);
  return ids == nullptr ? 0 : ids->mnt_ns;
}

}  // namespace

TreePaths paths_of(const DumpCtx& ctx, HostPid pid, MountId mount) {
  const mnt::Model& model = ctx.models.get<mnt::Model>();
  const auto number = static_cast<std::uint32_t>(mount.value);
  if (mount.value >= 0 && model.root_outside && model.engines.contains(number)) return {};
  NsId id = namespace_of_task(ctx, pid);
  for (const auto& [other, ns] : model.namespaces)
    if (mount.value >= 0 && ns.all.contains(number)) id = other;
  const auto ns = model.namespaces.find(id);
  if (ns == model.namespaces.end()) return {};
  return {format("/proc/{}/root", ns->second.member), ns->second.directory, id};
}

std::optional<int> mount_of(const DumpCtx& ctx, const TreePaths& paths, MountId mount) {
  if (!paths.elsewhere()) return std::nullopt;
  const mnt::Namespace& ns = ctx.models.get<mnt::Model>().namespaces.at(paths.ns);
  // One that is not in the images would not tell its namespace.
  for (const mnt::Mount& m : ns.mounts)
    if (m.id == static_cast<std::uint32_t>(mount.value)) return mount.value;
  return ns.nested ? static_cast<int>(ns.mounts.front().id) : mount.value;
}

bool lives_elsewhere(const TaskTree& tree, const Models& models) {
  const KobjIds* ids = tree.tasks.empty() ? nullptr : models.get<KobjModel>().find(tree.root().pid);
  return ids != nullptr && models.get<mnt::Model>().namespaces.contains(ids->mnt_ns);
}

NsId nested_home(const Models& models, std::optional<int> mount) {
  return mount ? mnt::nested_with(models.get<mnt::Model>(), static_cast<std::uint32_t>(*mount)) : 0;
}

std::string base_of(const TaskTree& tree, const Models& models, NsId nested) {
  if (nested == 0) return lives_elsewhere(tree, models) ? format("/proc/{}/root", tree.root().live) : "";
  const mnt::Namespace& ns = models.get<mnt::Model>().namespaces.at(nested);
  return format("/proc/{}/root", tree.tasks[ns.maker].live);
}

}  // namespace cr::files
