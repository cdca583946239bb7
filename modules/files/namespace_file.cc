#include "files/namespace_file.h"

#include <fcntl.h>
#include <sys/vfs.h>

#include <string_view>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/id_map.h"
#include "core/sharing.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr long kNsfsMagic = 0x6e736673;

struct SpaceKind {
  const char* name;
  std::uint32_t clone_flag;
  std::uint32_t KobjIds::*id;
};
constexpr SpaceKind kSpaceKinds[] = {
    {"net", 0x40000000, &KobjIds::net_ns},       {"ipc", 0x08000000, &KobjIds::ipc_ns},
    {"uts", 0x04000000, &KobjIds::uts_ns},       {"mnt", 0x00020000, &KobjIds::mnt_ns},
    {"user", 0x10000000, &KobjIds::user_ns},     {"pid", 0x20000000, &KobjIds::pid_ns},
    {"cgroup", 0x02000000, &KobjIds::cgroup_ns}, {"time", 0x00000080, &KobjIds::time_ns},
};

const SpaceKind* kind_of(std::uint32_t clone_flag) {
  for (const SpaceKind& k : kSpaceKinds)
    if (k.clone_flag == clone_flag) return &k;
  return nullptr;
}

/// The first live task that lives in it, or nullptr.
const Task* member_of(const TaskTree& tree, const Models& models, const SpaceKind& kind, std::uint32_t id) {
  for (const Task& t : tree.tasks)
    if (const KobjIds* ids = models.get<KobjModel>().find(t.pid); ids != nullptr && t.alive() && ids->*kind.id == id)
      return &t;
  return nullptr;
}

}  // namespace

bool matches_namespace(const FileProbe& p) {
  struct statfs fs;
  return p.link.find(":[") != std::string::npos && !p.link.starts_with("/") && !(p.flags & O_PATH) &&
         fstatfs(p.fd, &fs) == 0 && static_cast<long>(fs.f_type) == kNsfsMagic;
}

Result<> collect_namespace(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const std::string_view name = std::string_view(probe.link).substr(0, probe.link.find(':'));
  for (const SpaceKind& k : kSpaceKinds) {
    if (name != k.name) continue;
    const std::uint32_t ns_id = ctx.ids.namespaces.id_of(probe.st.st_dev, probe.st.st_ino);
    if (ns_id != ctx.models.get<KobjModel>().root.*k.id && member_of(ctx.tree, ctx.models, k, ns_id) == nullptr)
      return fail("dump", probe.name(), 0, "no task of the tree lives in that namespace; close it before the dump");
    ctx.models.edit<NamespaceFileModel>().all[id] = NamespaceFile{.ns_id = ns_id, .clone_flag = k.clone_flag};
    return {};
  }
  return fail("dump", probe.name(), 0, "namespaces of this kind are not carried yet");
}

Result<> plan_namespace(PlanCtx& ctx) {
  for (const auto& [id, n] : ctx.models.get<NamespaceFileModel>().all) {
    const SpaceKind* kind = kind_of(n.clone_flag);
    if (kind == nullptr || (n.ns_id != ctx.models.get<KobjModel>().root.*kind->id &&
                            member_of(ctx.tree, ctx.models, *kind, n.ns_id) == nullptr))
      return fail("restore", description(ctx.models, id).object, 0, "no task of the images lives in its namespace");
  }
  return {};
}

Result<> prepare_namespace(RestoreCtx& ctx) {
  for (auto& [id, n] : ctx.models.edit<NamespaceFileModel>().all) {
    const SpaceKind& kind = *kind_of(n.clone_flag);
    if (member_of(ctx.tree, ctx.models, kind, n.ns_id) != nullptr) continue;
    UniqueFd fd(open(format("/proc/self/ns/{}", kind.name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail("open", format("/proc/self/ns/{}", kind.name), errno);
    n.engines = TRY(to_service(ctx, std::move(fd))).release();
  }
  return {};
}

Result<UniqueFd> open_namespace(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  const NamespaceFile& n = ctx.models().get<NamespaceFileModel>().all.at(id);
  const SpaceKind& kind = *kind_of(n.clone_flag);
  const Task* member = member_of(ctx.tree(), ctx.models(), kind, n.ns_id);
  if (member == nullptr) return reopen(n.engines, open_flags(d.flags), d.object);
  // Those who live there may not have come yet.
  const auto& children = ctx.models().get<core::ChildIds>().spaces;
  if (auto it = children.find(n.ns_id); it != children.end())
    return reopen(it->second.fd, open_flags(d.flags), d.object);
  const std::string path = format("{}/ns/{}", ctx.restore.shared->task[member->index].host_pid.load(), kind.name);
  UniqueFd fd(openat(ctx.restore.proc_fd, path.c_str(), static_cast<int>(open_flags(d.flags)) | O_CLOEXEC));
  if (!fd) return fail("open", format("{} for {}", path, d.object), errno);
  return fd;
}

}  // namespace cr::files
