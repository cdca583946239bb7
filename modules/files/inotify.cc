#include "files/inotify.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"
#include "files/file_handle.h"
#include "files/holder_paths.h"
#include "files/tree_paths.h"

#ifndef INOTIFY_IOC_SETNEXTWD
#define INOTIFY_IOC_SETNEXTWD _IOW('I', 0, std::int32_t)
#endif

namespace cr::files {
namespace {

/// What a caller may ask for; older kernels show bits of their own beside these.
constexpr std::uint32_t kUserMask = IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;

/// `base` stands before paths of the tree.
Result<> add_watch(int fd, const InotifyWatch& w, const std::string& base, const Description& d) {
  const std::int32_t wanted = w.info.wd;
  std::string path = w.path.empty() ? "" : base + w.path;
  UniqueFd file;
  if (path.empty()) {
    file = TRY(open_handle(HostPid{getpid()}, w.info.dev, w.info.handle_type, w.info.handle, d.object));
    path = format("/proc/self/fd/{}", file.get());
  }
  const bool direct = ioctl(fd, INOTIFY_IOC_SETNEXTWD, wanted) == 0;
  const std::uint32_t mask = (w.info.mask & kUserMask) | (w.path.empty() ? 0 : IN_DONT_FOLLOW);
  int got = -1;
  // Without the ioctl (CONFIG_CHECKPOINT_RESTORE, 4.15) numbers are handed out in turn: take and drop until it fits.
  do {
    if (got >= 0) inotify_rm_watch(fd, got);
    got = inotify_add_watch(fd, path.c_str(), mask);
    if (got < 0) return fail(format("watch {} with", path), d.object, errno);
  } while (!direct && got < wanted);
  if (got != wanted) return fail(format("watch {} as number {} (got {}) with", path, wanted, got), d.object);
  return {};
}

}  // namespace

Result<std::string> path_of_watch(const DumpCtx& ctx, HostPid pid, const InotifyWatchInfo& w,
                                  const std::string& object) {
  UniqueFd file = TRY(open_handle(pid, w.dev, w.handle_type, w.handle, object));
  char path[4097];
  const ssize_t n = readlink(format("/proc/self/fd/{}", file.get()).c_str(), path, sizeof path);
  if (n <= 0) return fail("read the path of", object, errno);
  std::string result(path, static_cast<std::size_t>(n));
  struct stat there, own;
  const TreePaths paths = paths_of(ctx, pid);
  result = paths.inside(result).value_or(result);
  if (fstat(file.get(), &own) != 0 || lstat((paths.base + result).c_str(), &there) != 0 ||
      own.st_ino != there.st_ino || own.st_dev != there.st_dev)
    return fail("dump", format("{} on {}", object, result), 0,
                "no path leads to it: remove the watch before the dump");
  return result;
}

bool matches_inotify(const FileProbe& p) {
  return p.link == "anon_inode:inotify" || p.link == "anon_inode:[inotify]";
}

Result<> collect_inotify(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  int waiting = 0;
  if (ioctl(probe.fd, FIONREAD, &waiting) != 0) return fail("read FIONREAD of", probe.name(), errno);
  if (waiting > 0) {
    if (!ctx.opt.allows_lossy(kLossyInotifyEvents))
      return fail("dump", probe.name(), 0,
                  format("{} bytes of events wait in it that nobody has read; --allow-lossy {} drops them", waiting,
                         kLossyInotifyEvents));
    ctx.losses.push_back(format("{}: {} bytes of unread events", probe.name(), waiting));
  }
  auto info = parse_fdinfo_inotify(probe.fdinfo);
  if (!info.ok()) return fail("read fdinfo of", probe.name(), 0, info.error().step);
  std::vector<InotifyWatch>& watches = ctx.models.edit<InotifyModel>().all[id];
  for (InotifyWatchInfo& w : info.value()) {
    w.mask &= kUserMask;
    std::string path = TRY(path_of_watch(ctx, probe.pid, w, format("watch {} of {}", w.wd, probe.name())));
    watches.push_back({std::move(w), std::move(path)});
  }
  return {};
}

Result<UniqueFd> open_inotify(TaskCtx& ctx, FileId id) {
  UniqueFd fd(inotify_init1(IN_CLOEXEC));
  if (!fd) return fail("make", description(ctx.models(), id).object, errno);
  return fd;
}

Result<> finish_inotify(RestoreCtx& ctx) {
  for (const auto& [id, watches] : ctx.models.get<InotifyModel>().all) {
    UniqueFd fd = TRY(copy_restored(ctx, id));
    if (!fd) continue;
    const std::string base = base_of_holder(ctx, id);
    for (const InotifyWatch& w : watches) TRY(add_watch(fd.get(), w, base, description(ctx.models, id)));
  }
  return {};
}

}  // namespace cr::files
