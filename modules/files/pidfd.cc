#include "files/pidfd.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/opener.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "files/passing_process.h"

namespace cr::files {
namespace {

constexpr std::uint32_t kThread = O_EXCL;  // PIDFD_THREAD, Linux 6.9

Result<UniqueFd> open_of(int pid, std::uint32_t flags, const std::string& object) {
  UniqueFd fd(static_cast<int>(syscall(434 /* pidfd_open */, pid, flags & (kThread | O_NONBLOCK))));
  if (!fd) return fail(format("open a pidfd of pid {} for", pid), object, errno);
  return fd;
}

Result<UniqueFd> open_living(const TaskCtx& ctx, NsPid pid, const Description& d) {
  const int number = ctx.tree().number_in(ctx.task.space, pid);
  if (number != 0) return open_of(number, d.flags, d.object);
  const HostPid host{ctx.restore.shared->task[ctx.tree().find(pid)->index].host_pid};
  UniqueFd fd = core::pidfd_from_engine(ctx.restore.opener, host, d.flags & (kThread | O_NONBLOCK));
  if (!fd) return fail(format("have the engine open a pidfd of pid {} for", pid), d.object, errno);
  return fd;
}

/// Descriptors of one process that is dead and gone, for every description of it.
Result<> open_dead(TaskCtx& ctx, std::uint64_t inode, const std::string& object) {
  PassingProcess process = TRY(PassingProcess::make({}, object));
  PidfdModel& model = ctx.restore.models.edit<PidfdModel>();
  for (const auto& [id, p] : model.all)
    if (p.pid.value < 0 && p.inode == inode)
      model.opened[id] =
          TRY(to_service(ctx.restore, TRY(open_of(process.pid(), description(ctx.models(), id).flags, object))))
              .release();
  return {};
}

}  // namespace

bool matches_pidfd(const FileProbe& p) { return p.link == "anon_inode:[pidfd]" || p.link.starts_with("pidfd:["); }

Result<> collect_pidfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const auto text = core::field(probe.fdinfo, "Pid");
  if (!text) return fail("read fdinfo of", probe.name(), 0, "the kernel must be 5.4 or newer");
  Pidfd p{probe.st.st_ino, NsPid{-1}};
  if (!text->starts_with("-")) {
    const auto pid = static_cast<int>(core::number(*text).value_or(0));
    for (const Task& t : ctx.tree.tasks)
      if (t.host.value == pid) p.pid = t.pid;
    if (p.pid.value < 0)
      for (const Task& t : ctx.tree.tasks)
        for (const Thread& thread : t.threads)
          if (thread.host.value == pid)
            return fail("dump", probe.name(), 0,
                        format("it is of thread {} of pid {}: only main threads are carried", pid, t.host));
    if (p.pid.value < 0)
      return fail("dump", probe.name(), 0, format("it is of pid {}, which is outside of the tree", pid));
  }
  ctx.models.edit<PidfdModel>().all[id] = p;
  return {};
}

std::uint64_t group_of_pidfd(const Models& models, FileId id) {
  const auto& all = models.get<PidfdModel>().all;
  const auto it = all.find(id);
  return it == all.end() || it->second.pid.value >= 0 ? 0 : it->second.inode;
}

Result<> plan_pidfd(PlanCtx& ctx) {
  for (const auto& [id, p] : ctx.models.get<PidfdModel>().all)
    if (p.pid.value >= 0 && ctx.tree.find(p.pid) == nullptr)
      return fail("restore", description(ctx.models, id).object, 0, format("pid {} is not in the images", p.pid));
  return {};
}

Result<UniqueFd> open_pidfd(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  const Pidfd& p = ctx.models().get<PidfdModel>().all.at(id);
  if (p.pid.value >= 0) return open_living(ctx, p.pid, d);
  PidfdModel& model = ctx.restore.models.edit<PidfdModel>();
  if (!model.opened.contains(id)) TRY(open_dead(ctx, p.inode, d.object));
  UniqueFd fd(model.opened.at(id));
  model.opened.erase(id);
  return fd;
}

}  // namespace cr::files
