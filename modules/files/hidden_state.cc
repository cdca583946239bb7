#include "files/hidden_state.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"

namespace cr::files {
namespace {

/// /proc/pressure/memory, or memory.pressure of a control group.
bool is_pressure_file(const FileProbe& p) {
  constexpr std::string_view kResources[] = {"cpu", "io", "irq", "memory"};
  struct statfs fs;
  if (!S_ISREG(p.st.st_mode) || p.link.find("pressure") == std::string::npos || fstatfs(p.fd, &fs) != 0) return false;
  const auto type = static_cast<unsigned long>(fs.f_type);
  const bool of_system = type == PROC_SUPER_MAGIC, of_group = type == CGROUP2_SUPER_MAGIC;
  return std::any_of(std::begin(kResources), std::end(kResources), [&](std::string_view name) {
    return (of_system && p.link.ends_with(format("/pressure/{}", name))) ||
           (of_group && p.link.ends_with(format("/{}.pressure", name)));
  });
}

/// What is no trigger is refused with EINVAL; but first the kernel looks whether there is one already (5.17).
bool has_trigger(const FileProbe& p) {
  if ((p.flags & O_ACCMODE) == O_RDONLY || (p.flags & O_PATH) || !is_pressure_file(p)) return false;
  return ::write(p.fd, "?", 1) < 0 && errno == EBUSY;
}

bool lists_mount(const Result<std::string>& mountinfo, MountId mount) {
  return mountinfo.ok() && ("\n" + mountinfo.value()).find(format("\n{} ", mount)) != std::string::npos;
}

/// Whether a process lives in a mount namespace that has the mount: one of the tree, the engine, or anybody. What is
/// in a message in flight is shown by the engine.
bool is_in_a_namespace(const DumpCtx& ctx, const FileProbe& p) {
  std::set<std::string> seen;
  const auto shows_it = [&](HostPid pid) {
    const auto space = core::read_proc_link(pid, "ns/mnt"), root = core::read_proc_link(pid, "root");
    return space.ok() && root.ok() && seen.insert(space.value() + root.value()).second &&
           lists_mount(core::read_proc(pid, "mountinfo"), p.mount);
  };
  if (shows_it(p.pid) || shows_it(HostPid{getpid()})) return true;
  for (const Task& t : ctx.tree.tasks)
    if (t.alive() && shows_it(t.live)) return true;
  const auto all = core::list("/proc");
  return all.ok() && std::any_of(all.value().begin(), all.value().end(), [&](const std::string& name) {
           const auto pid = core::number(name);
           return pid && shows_it(HostPid{static_cast<int>(*pid)});
         });
}

/// Mounts that were found not to be detached; while the tree is stopped none of its becomes it.
struct Attached {
  std::set<MountId> mounts{};
};

/// A mount that was cloned or made by open_tree(2) or fsmount(2), or unmounted lazily. The path of what lies in it
/// begins at its own root, and may lead to the same file of the mount that it was cloned from.
bool is_detached(DumpCtx& ctx, const FileProbe& p, const std::string& path) {
  auto& attached = ctx.models.edit<Attached>().mounts;
  if (p.mount.value < 0 || attached.contains(p.mount)) return false;
  struct statx found;
  const bool leads_there = statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
                                 STATX_MNT_ID, &found) == 0 &&
                           (found.stx_mask & STATX_MNT_ID) != 0 &&
                           found.stx_mnt_id == static_cast<std::uint64_t>(p.mount.value);
  if (!leads_there && !is_in_a_namespace(ctx, p)) return true;
  attached.insert(p.mount);
  return false;
}

}  // namespace

Result<> check_hidden_state(DumpCtx& ctx, const FileProbe& probe, const std::string& path) {
  // F_NOTIFY makes its caller the one who gets the signals, and that is all that shows of it.
  if (S_ISDIR(probe.st.st_mode) && probe.owner.pid != 0)
    return fail(
        "dump", probe.name(), 0,
        "it is a directory whose changes are reported by signals (dnotify, F_NOTIFY), which the kernel does not "
        "show; let the program end that before the dump");
  if (has_trigger(probe))
    return fail("dump", probe.name(), 0,
                "it has a trigger that reports pressure (PSI), which the kernel does not show: close it before the "
                "dump");
  if (is_detached(ctx, probe, path))
    return fail("dump", probe.name(), 0,
                "it lies in a mount that is in no mount namespace (open_tree(2), fsmount(2), or unmounted lazily): "
                "close it before the dump");
  return {};
}

}  // namespace cr::files
