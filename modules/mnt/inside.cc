// A mount namespace that belongs to a user namespace below that of the tree (ns/child_user.h).
//
// Its own file systems must be mounted from inside, by a helper; what it has of other namespaces only the task itself
// can get at. That one goes to a namespace with nothing but that; the helper makes a copy of it by unshare(2), and
// that has the locks that the kernel puts on what a user namespace is lent (read-only, nosuid, nodev, noexec).
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/format.h"
#include "mnt/failed.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"

namespace cr::mnt {
namespace {

/// Puts a mount that is in no namespace on a place of its own in the yard.
Result<> put_down(int yard, const std::string& name, int mount) {
  struct stat st;
  if (fstat(mount, &st) != 0) return failed("stat", "a mount");
  const int made =
      S_ISDIR(st.st_mode) ? mkdirat(yard, name.c_str(), 0700) : mknodat(yard, name.c_str(), S_IFREG | 0600, 0);
  if (made != 0 || move_mount(mount, "", yard, name.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return failed("put down", format("mount {} of the new namespace", name));
  return {};
}

/// A user namespace may mount these only where it sees another one in full.
Result<> keep_visible(int yard, const char* path, long magic, const char* name) {
  struct statfs fs;
  if (statfs(path, &fs) != 0 || fs.f_type != magic) return {};
  const UniqueFd copy(open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  return copy ? put_down(yard, name, copy.get()) : Result<>{};
}

}  // namespace

Result<> lay_out(RestoreCtx& ctx, NsId id) {
  Namespace& ns = ctx.models.edit<Model>().namespaces.at(id);
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return failed("leave", "a mount namespace");
  TRY(take_from_earlier(ctx, ns));
  const UniqueFd yard = TRY(
      make_file_system(Mount{.point = "the yard", .fs_name = "tmpfs", .source = "crengine", .options = "mode=755"}));
  if (move_mount(yard.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) return failed("attach", "the yard");
  TRY(keep_visible(yard.get(), "/proc", PROC_SUPER_MAGIC, "proc"));
  TRY(keep_visible(yard.get(), "/sys", SYSFS_MAGIC, "sys"));
  for (std::size_t i = 0; i < ns.taken.size(); ++i)
    if (ns.taken[i]) TRY(put_down(yard.get(), std::to_string(i), ns.taken[i].get()));
  if (fchdir(yard.get()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
      chdir("/") != 0)
    return failed("go to", "the yard");
  return {};
}

Result<> fill_inside(RestoreCtx& ctx, NsId id) {
  Namespace& ns = ctx.models.edit<Model>().namespaces.at(id);
  for (std::size_t i = 0; i < ns.taken.size(); ++i) {
    if (!ns.taken[i]) continue;
    const std::string path = format("/{}", i);
    ns.taken[i].reset(open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!ns.taken[i]) return failed("take", ns.mounts[i].name());
  }
  ns.made = TRY(build_here(ns, ctx.images));
  return {};
}

}  // namespace cr::mnt
