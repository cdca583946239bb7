#include "task/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "base/format.h"

namespace cr::task {
namespace {

constexpr std::size_t kMaskWords = 128;  // 8192 CPUs, the kernel's NR_CPUS maximum on x86_64
constexpr int kIoprioWhoProcess = 1;

/// SCHED_ATTR_SIZE_VER1. The kernel accepts the smaller first version as well and fills what it knows.
struct KernelSchedAttr {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
  std::uint32_t util_min, util_max;
};
static_assert(sizeof(KernelSchedAttr) == 56);

Error failure(const char* step, HostPid tid, int err, const char* remedy = "") {
  return {"sched", step, format("thread {}", tid), err, remedy};
}

/// Policies whose nice value sched_getattr(2) and sched_setattr(2) leave out although the thread keeps it.
bool has_hidden_nice(std::uint32_t policy) { return policy != SCHED_OTHER && policy != SCHED_BATCH; }

Result<> set_attr(HostPid tid, const SchedAttr& wanted, const SchedAttr& now) {
  KernelSchedAttr attr{sizeof attr,    wanted.policy,   wanted.flags,  wanted.nice, wanted.priority,
                       wanted.runtime, wanted.deadline, wanted.period, 0,           0};
  // Clamps come back from sched_getattr without the flags that say so, and a kernel without them refuses the flags.
  if (wanted.util_min != now.util_min || wanted.util_max != now.util_max) {
    attr.flags |= kSchedFlagUtilClamp;
    attr.util_min = wanted.util_min;
    attr.util_max = wanted.util_max;
  }
  if (syscall(SYS_sched_setattr, tid.value, &attr, 0) != 0)
    return failure("set policy and priority of", tid, errno,
                   errno == EBUSY ? "the machine has no bandwidth left for a deadline thread"
                                  : "needs CAP_SYS_NICE, and for real-time policies a cgroup that allows them");
  if (has_hidden_nice(wanted.policy) && setpriority(PRIO_PROCESS, static_cast<id_t>(tid.value), wanted.nice) != 0)
    return failure("set the nice value of", tid, errno, "needs CAP_SYS_NICE");
  return {};
}

Result<> set_affinity(HostPid tid, const std::vector<std::uint64_t>& mask) {
  if (syscall(SYS_sched_setaffinity, tid.value, mask.size() * 8, mask.data()) != 0)
    return failure("set the CPU affinity of", tid, errno,
                   errno == EINVAL ? "none of the CPUs that it may run on is there, or its cpuset excludes them"
                                   : "needs CAP_SYS_NICE");
  return {};
}

bool is_fair(std::uint32_t policy) { return policy == 0 || policy == 3 || policy == 5; }  // OTHER, BATCH, IDLE

/// Takes out what only repeats the machine's defaults, so that it doesn't travel to another machine: the time slice
/// when it is that of `own` (0 asks for the default), and clamps that clamp nothing.
SchedAttr without_defaults(SchedAttr attr, const SchedAttr& own) {
  if (is_fair(attr.policy) && is_fair(own.policy) && attr.runtime == own.runtime) attr.runtime = 0;
  if (attr.util_min == 0 && attr.util_max == 1024) attr.util_max = 0;
  return attr;
}

}  // namespace

namespace sched {

Result<Scheduling> scheduling_of(HostPid tid) {
  Scheduling out;
  KernelSchedAttr attr{};
  if (syscall(SYS_sched_getattr, tid.value, &attr, sizeof attr, 0) != 0)
    return failure("get policy and priority of", tid, errno);
  out.attr = SchedAttr{attr.policy,   attr.flags,  attr.nice,     attr.priority, attr.runtime,
                       attr.deadline, attr.period, attr.util_min, attr.util_max};
  if (has_hidden_nice(attr.policy)) out.attr->nice = getpriority(PRIO_PROCESS, static_cast<id_t>(tid.value));
  std::array<std::uint64_t, kMaskWords> mask{};
  const long bytes = syscall(SYS_sched_getaffinity, tid.value, sizeof mask, mask.data());
  if (bytes < 0) return failure("get the CPU affinity of", tid, errno);
  out.affinity.assign(mask.begin(), mask.begin() + (bytes + 7) / 8);
  while (!out.affinity.empty() && out.affinity.back() == 0) out.affinity.pop_back();
  const long ioprio = syscall(SYS_ioprio_get, kIoprioWhoProcess, tid.value);
  if (ioprio < 0 && errno != ENOSYS) return failure("get the I/O priority of", tid, errno);
  if (ioprio >= 0) out.ioprio = static_cast<std::uint32_t>(ioprio);
  return out;
}

Result<> apply(HostPid tid, const Scheduling& now, const Scheduling& wanted) {
  // Affinity before policy: a deadline thread's can't be narrowed any more.
  if (!wanted.affinity.empty() && wanted.affinity != now.affinity) TRY(set_affinity(tid, wanted.affinity));
  if (wanted.ioprio && wanted.ioprio != now.ioprio &&
      syscall(SYS_ioprio_set, kIoprioWhoProcess, tid.value, *wanted.ioprio) != 0)
    return failure("set the I/O priority of", tid, errno, "the real-time class needs CAP_SYS_ADMIN or CAP_SYS_NICE");
  if (wanted.attr && wanted.attr != now.attr) TRY(set_attr(tid, *wanted.attr, now.attr.value_or(SchedAttr{})));
  return {};
}

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<SchedModel>();
  const Scheduling own = TRY(scheduling_of(HostPid{0}));
  for (const Task& task : ctx.tree.tasks)
    for (const Thread& thread : task.threads) {
      Scheduling& out = model.threads[thread.tid] = TRY(scheduling_of(thread.host));
      out.attr = without_defaults(*out.attr, *own.attr);
    }
  return {};
}

Result<> finish(RestoreCtx& ctx) {
  // Every thread descends from the coordinator and has what the coordinator has.
  Scheduling own = TRY(scheduling_of(HostPid{0}));
  own.attr = without_defaults(*own.attr, *own.attr);
  const auto& threads = ctx.models.get<SchedModel>().threads;
  for (const Task& task : ctx.tree.tasks)
    for (const Thread& thread : task.threads) {
      auto it = threads.find(thread.tid);
      if (it != threads.end()) TRY(apply(thread.host, own, it->second));
    }
  return {};
}

}  // namespace sched
}  // namespace cr::task
