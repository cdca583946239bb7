#include "files/fanotify.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "files/file_handle.h"
#include "files/holder_paths.h"
#include "files/inotify.h"

#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x400
#endif

namespace cr::files {
namespace {

/// Where the mount with that id is, for `pid`.
Result<std::string> path_of_mount(HostPid pid, int mnt_id, const std::string& object) {
  const std::string text = TRY(core::read_proc(pid, "mountinfo"));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto words = core::words(std::string_view(text).substr(at, end - at));
    if (words.size() > 4 && core::number(words[0]) == static_cast<std::uint64_t>(mnt_id))
      return std::string(words[4]);
    at = end + 1;
  }
  return fail("dump", object, 0, format("mount {} is not one that its process sees", mnt_id));
}

Result<> check_queue(DumpCtx& ctx, const FileProbe& probe) {
  int waiting = 0;
  if (ioctl(probe.fd, FIONREAD, &waiting) != 0) return fail("read FIONREAD of", probe.name(), errno);
  if (waiting == 0) return {};
  if (!ctx.opt.allows_lossy(kLossyFanotifyEvents))
    return fail("dump", probe.name(), 0,
                format("{} bytes of events wait in it that nobody has read; --allow-lossy {} drops them", waiting,
                       kLossyFanotifyEvents));
  ctx.losses.push_back(format("{}: {} bytes of unread events", probe.name(), waiting));
  return {};
}

/// `base` stands before paths of the tree.
Result<> add_mark(int fd, const FanotifyMark& m, const std::string& base, const Description& d) {
  std::string path = m.path.empty() ? "" : base + m.path;
  UniqueFd file;
  if (path.empty() && m.info.inode) {
    file = TRY(
        open_handle(HostPid{getpid()}, m.info.inode->dev, m.info.inode->handle_type, m.info.inode->handle, d.object));
    path = format("/proc/self/fd/{}", file.get());
  }
  const unsigned where = m.info.mnt_id ? FAN_MARK_MOUNT : 0u;
  const unsigned evictable = m.info.flags & FAN_MARK_EVICTABLE;
  auto mark = [&](unsigned flags, std::uint32_t mask) -> Result<> {
    if (mask == 0 || fanotify_mark(fd, FAN_MARK_ADD | where | evictable | flags, mask, AT_FDCWD, path.c_str()) == 0)
      return {};
    return fail(format("mark {} with", path), d.object, errno);
  };
  TRY(mark(0, m.info.mask));
  const unsigned ignore =
      m.info.flags & FAN_MARK_IGNORE ? unsigned{FAN_MARK_IGNORE} : unsigned{FAN_MARK_IGNORED_MASK};
  return mark(ignore | (m.info.flags & FAN_MARK_IGNORED_SURV_MODIFY), m.info.ignored_mask);
}

}  // namespace

bool matches_fanotify(const FileProbe& p) {
  return p.link == "anon_inode:[fanotify]" || p.link == "anon_inode:fanotify";
}

Result<> collect_fanotify(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  TRY(check_queue(ctx, probe));
  auto parsed = parse_fdinfo_fanotify(probe.fdinfo);
  if (!parsed.ok()) return fail("read fdinfo of", probe.name(), 0, parsed.error().step);
  FanotifyGroup group{parsed.value().flags, parsed.value().event_flags};
  for (FanotifyMarkInfo& m : parsed.value().marks) {
    FanotifyMark mark;
    if (m.inode)
      mark.path = TRY(path_of_watch(ctx, probe.pid, *m.inode, format("mark of {}", probe.name())));
    else if (m.mnt_id)
      mark.path = TRY(path_of_mount(probe.pid, *m.mnt_id, probe.name()));
    else
      return fail("dump", probe.name(), 0, "it has a mark on a whole file system, which is not carried yet");
    mark.info = std::move(m);
    group.marks.push_back(std::move(mark));
  }
  ctx.models.edit<FanotifyModel>().all[id] = std::move(group);
  return {};
}

Result<UniqueFd> open_fanotify(TaskCtx& ctx, FileId id) {
  const FanotifyGroup& g = ctx.models().get<FanotifyModel>().all.at(id);
  UniqueFd fd(fanotify_init(g.flags, g.event_flags));  // it shows FAN_CLOEXEC as it was made with
  if (!fd) return fail("make", description(ctx.models(), id).object, errno);
  return fd;
}

Result<> finish_fanotify(RestoreCtx& ctx) {
  for (const auto& [id, group] : ctx.models.get<FanotifyModel>().all) {
    UniqueFd fd = TRY(copy_restored(ctx, id));
    if (!fd) continue;
    const std::string base = base_of_holder(ctx, id);
    for (const FanotifyMark& m : group.marks) TRY(add_mark(fd.get(), m, base, description(ctx.models, id)));
  }
  return {};
}

}  // namespace cr::files
