#include "files/pidfd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/opener.h"
#include "core/proc_text.h"
#include "files/belated.h"
#include "files/description.h"
#include "files/passing_process.h"

namespace cr::files {
namespace {

/// struct pidfd_info of Linux 6.13, as far as it is of use.
struct ProcessInfo {
  std::uint64_t mask, cgroup;
  std::uint32_t ids[11];
  std::int32_t exit_code;
};
static_assert(sizeof(ProcessInfo) == 64);
constexpr unsigned long kGetInfo = _IOWR(0xff, 11, ProcessInfo);
constexpr std::uint64_t kInfoExit = 1 << 3;  // PIDFD_INFO_EXIT, 6.15

constexpr std::uint32_t kThread = O_EXCL;  // PIDFD_THREAD, 6.9

std::optional<int> status_of_dead(int pidfd) {
  ProcessInfo info{};
  info.mask = kInfoExit;
  if (ioctl(pidfd, kGetInfo, &info) != 0 || (info.mask & kInfoExit) == 0) return std::nullopt;
  return info.exit_code;
}

/// By a link of /proc/PID/fd (6.9): pidfd_open(2) always gives O_RDWR.
bool was_opened_by_path(std::uint32_t flags) { return (flags & O_ACCMODE) != O_RDWR; }

Result<UniqueFd> open_of(int pid, std::uint32_t flags, const std::string& object) {
  UniqueFd fd(static_cast<int>(syscall(434 /* pidfd_open */, pid, flags & kPidfdFlags)));
  if (!fd) return fail(format("open a pidfd of pid {} for", pid), object, errno);
  return fd;
}

Result<UniqueFd> open_living(const TaskCtx& ctx, NsPid pid, const Description& d) {
  const int number = ctx.tree().number_in(ctx.task.space, pid);
  if (number != 0) return open_of(number, d.flags, d.object);
  const HostPid host{ctx.restore.shared->task[ctx.tree().find(pid)->index].host_pid};
  UniqueFd fd = core::pidfd_from_engine(ctx.restore.opener, host, d.flags & kPidfdFlags);
  if (!fd) return fail(format("have the engine open a pidfd of pid {} for", pid), d.object, errno);
  return fd;
}

bool is_dead(const Pidfd& p) { return p.pid.value < 0 || (p.outside && p.service_fd < 0); }

/// Descriptors of one process that is dead and gone, for every description of it.
Result<> open_dead(TaskCtx& ctx, const Pidfd& dead, const std::string& object) {
  PassingProcess process = TRY(PassingProcess::make({}, object, dead.status.value_or(SIGKILL)));
  PidfdModel& model = ctx.restore.models.edit<PidfdModel>();
  for (const auto& [id, p] : model.all)
    if (is_dead(p) && p.inode == dead.inode)
      model.opened[id] =
          TRY(to_service(ctx.restore, TRY(open_of(process.pid(), description(ctx.models(), id).flags, object))))
              .release();
  return {};
}

/// Fills in whom the pidfd is of; `pid` is what fdinfo shows.
Result<> find_process(DumpCtx& ctx, const FileProbe& probe, int pid, Pidfd& p) {
  for (const Task& t : ctx.tree.tasks) {
    if (t.host.value == pid) p.pid = t.pid;
    for (const Thread& thread : t.threads)
      if (t.host.value != pid && thread.host.value == pid) {
        p.pid = thread.tid;
        p.thread = true;
      }
  }
  if (p.pid.value >= 0) return {};
  if (pid == 0)
    return fail("dump", probe.name(), 0,
                "it is of a process outside of the tree, in a pid namespace that the engine does not see");
  p.outside = TRY(look_at_outside(HostPid{pid}, probe.fd));
  if (p.outside) p.pid = NsPid{0};
  return {};
}

}  // namespace

bool matches_pidfd(const FileProbe& p) { return p.link == "anon_inode:[pidfd]" || p.link.starts_with("pidfd:["); }

Result<> collect_pidfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const auto text = core::field(probe.fdinfo, "Pid");
  if (!text) return fail("read fdinfo of", probe.name(), 0, "the kernel must be 5.4 or newer");
  Pidfd p{.inode = probe.st.st_ino};
  if (!text->starts_with("-")) TRY(find_process(ctx, probe, static_cast<int>(core::number(*text).value_or(0)), p));
  if (p.pid.value < 0) p.status = status_of_dead(probe.fd);
  if (p.thread && (probe.flags & kThread) == 0)
    return fail("dump", probe.name(), 0,
                "it is of a thread that is not a main thread, and was opened by a link of /proc/PID/fd: close it "
                "before the dump");
  if (p.thread) ctx.models.edit<Belated>().all[id].thread = p.pid;
  ctx.models.edit<PidfdModel>().all[id] = std::move(p);
  return {};
}

std::uint64_t group_of_pidfd(const Models& models, FileId id) {
  const auto& all = models.get<PidfdModel>().all;
  const auto it = all.find(id);
  return it == all.end() || it->second.pid.value > 0 ? 0 : it->second.inode;
}

Result<> plan_pidfd(PlanCtx& ctx) {
  for (const auto& [id, p] : ctx.models.get<PidfdModel>().all) {
    const std::string& object = description(ctx.models, id).object;
    if (p.outside)
      TRY(check_same_system(*p.outside, object));
    else if (p.pid.value >= 0 && (p.thread ? ctx.tree.owner_of(p.pid) : ctx.tree.find(p.pid)) == nullptr)
      return fail("restore", object, 0, format("pid {} is not in the images", p.pid));
  }
  return {};
}

Result<> prepare_pidfds(RestoreCtx& ctx) {
  for (auto& [id, p] : ctx.models.edit<PidfdModel>().all) {
    if (!p.outside) continue;
    const Description& d = description(ctx.models, id);
    UniqueFd fd = TRY(find_outside(*p.outside, d.flags & kPidfdFlags, d.object));
    if (fd) p.service_fd = TRY(to_service(ctx, std::move(fd))).release();
  }
  return {};
}

static Result<UniqueFd> open_plain(TaskCtx& ctx, FileId id, const Description& d) {
  const Pidfd& p = ctx.models().get<PidfdModel>().all.at(id);
  if (p.service_fd >= 0) {
    UniqueFd fd(fcntl(p.service_fd, F_DUPFD_CLOEXEC, 0));
    if (!fd) return fail("duplicate", d.object, errno);
    return fd;
  }
  if (!is_dead(p)) return open_living(ctx, p.pid, d);
  PidfdModel& model = ctx.restore.models.edit<PidfdModel>();
  if (!model.opened.contains(id)) TRY(open_dead(ctx, p, d.object));
  UniqueFd fd(model.opened.at(id));
  model.opened.erase(id);
  return fd;
}

Result<UniqueFd> open_pidfd(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  if (ctx.models().get<PidfdModel>().all.at(id).thread) return placeholder_of_thread(d.object);
  UniqueFd fd = TRY(open_plain(ctx, id, d));
  if (!was_opened_by_path(d.flags)) return fd;
  const std::string self = format("self/fd/{}", fd.get());
  UniqueFd again(openat(ctx.restore.proc_fd, self.c_str(), static_cast<int>(open_flags(d.flags)) | O_CLOEXEC));
  if (!again) return fail("open anew", d.object, errno);
  return again;
}

}  // namespace cr::files
