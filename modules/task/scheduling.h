// How the scheduler treats a thread: policy, nice, real-time and deadline parameters, affinity, I/O priority.
//
// Shown by sched_getattr(2), sched_getaffinity(2), ioprio_get(2), all of which work on any thread from outside. Put
// back by the coordinator from outside as well, when all threads exist and nothing is left for them to do (finish): a
// SCHED_DEADLINE thread can't create others, and a SCHED_IDLE one would never get done. Each only when it differs
// from what the thread inherited. Not carried: a time slice of SCHED_OTHER that equals the engine's own (then it is
// the machine's default). Refused in finish, by name: what the restorer lacks CAP_SYS_NICE for; a set of CPUs that
// the machine doesn't have.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/module.h"

namespace cr::task {

/// struct sched_attr of sched_setattr(2) without its size (include/uapi/linux/sched/types.h).
struct SchedAttr {
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;  ///< SCHED_FLAG_*
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
  std::uint32_t util_min = 0, util_max = 0;
  friend bool operator==(const SchedAttr&, const SchedAttr&) = default;
};

inline constexpr std::uint32_t kSchedFifo = 1, kSchedRr = 2, kSchedDeadline = 6;
inline constexpr std::uint64_t kSchedFlagResetOnFork = 1, kSchedFlagUtilClamp = 0x60;
/// How sched_getscheduler(2), and so the image format, tells of SCHED_FLAG_RESET_ON_FORK.
inline constexpr std::uint32_t kPolicyResetOnFork = 0x40000000;

/// What a thread has; absent members were not in the image.
struct Scheduling {
  std::optional<SchedAttr> attr{};
  std::vector<std::uint64_t> affinity{};  ///< words of the CPU mask, without zero words at the end; empty: unknown
  std::optional<std::uint32_t> ioprio{};
};

struct SchedModel {
  std::map<NsPid, Scheduling> threads{};
};

namespace sched {
/// All that the kernel tells about thread `tid`; 0 is the caller. Errors: the three calls.
Result<Scheduling> scheduling_of(HostPid tid);
/// Makes `tid`, whose scheduling is `now`, what `wanted` says. Errors: the three calls, named.
Result<> apply(HostPid tid, const Scheduling& now, const Scheduling& wanted);

Result<> collect(DumpCtx&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
Result<> finish(RestoreCtx&);
}  // namespace sched

inline constexpr Module kSched{.name = "sched",
                               .collect = sched::collect,
                               .write_core = sched::write_core,
                               .read_core = sched::read_core,
                               .finish = sched::finish};

}  // namespace cr::task
