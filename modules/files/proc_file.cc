#include "files/proc_file.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr std::string_view kProc = "/proc/";

bool is_in_tree(const TaskTree& tree, int pid) {
  return std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](const Task& t) {
    return t.host.value == pid ||
           std::any_of(t.threads.begin(), t.threads.end(), [pid](const Thread& th) { return th.host.value == pid; });
  });
}

/// The 17 of "/proc/17/status" in the engine's own /proc.
std::optional<int> pid_in_link(const FileProbe& p) {
  struct stat own;
  struct statfs fs;
  if (!p.link.starts_with(kProc) || fstatfs(p.fd, &fs) != 0 ||
      static_cast<unsigned long>(fs.f_type) != PROC_SUPER_MAGIC || stat("/proc", &own) != 0 ||
      own.st_dev != p.st.st_dev)
    return std::nullopt;
  const std::string_view rest = std::string_view(p.link).substr(kProc.size());
  const auto pid = core::number(rest.substr(0, rest.find('/')));
  return pid ? std::optional(static_cast<int>(*pid)) : std::nullopt;
}

}  // namespace

Result<std::optional<OutsideProcess>> outside_owner(const DumpCtx& ctx, const FileProbe& probe) {
  const auto pid = pid_in_link(probe);
  if (!pid || is_in_tree(ctx.tree, *pid)) return std::optional<OutsideProcess>();
  const UniqueFd pidfd = pidfd_of_any(HostPid{*pid});
  if (!pidfd) return fail("open a pidfd of the owner of", probe.name(), errno);
  return look_at_outside(HostPid{*pid}, pidfd.get());
}

Result<bool> owner_lives(const PlanCtx& ctx, const OutsideProcess& owner, const std::string& object) {
  TRY(check_same_system(owner, object));
  const UniqueFd pidfd = pidfd_of_any(owner.pid);
  if (pidfd && TRY(is_the_same(owner, pidfd.get()))) return true;
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const KobjIds* root = objects.find(ctx.tree.root().pid);
  if (root != nullptr && root->pid_ns == objects.root.pid_ns) return false;
  return fail("restore", object, 0,
              format("it is of {}, which was outside of the tree and has ended since", owner.name));
}

}  // namespace cr::files
