// What the kernel lets a process use, and how it treats it when memory runs out or it crashes.
//
// Shown by /proc/PID/{limits,oom_score_adj,coredump_filter,loginuid,autogroup}; prlimit(2) is not asked, since on a
// task of other ids it needs CAP_SYS_RESOURCE. Put back: oom_score_adj, coredump_filter and loginuid by the restored
// task through /proc/self (enter), rlimits in the restorer, when nothing is left to do that they could forbid. Each
// is written only when it differs from what the task inherited: raising a hard limit or lowering oom_score_adj needs
// CAP_SYS_RESOURCE, and a loginuid that is set may be immutable. The nice value of a session among sessions
// (autogroup) by the coordinator in finish, but for a session of the outside that the root has joined.
// Refused in plan, by name: a hard limit above ours, an oom_score_adj or a loginuid that we may not set.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "core/module.h"

namespace cr::task {

inline constexpr std::size_t kRlimits = 16;  ///< RLIM_NLIMITS, the same on every architecture

/// RLIM_INFINITY is all ones, in the kernel as in the images.
struct Rlimit {
  std::uint64_t cur = ~0ull, max = ~0ull;
  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

struct Limits {
  std::array<Rlimit, kRlimits> rlimits{};
  bool has_rlimits = false;  ///< images of other engines may hold none
  std::optional<std::int32_t> oom_score_adj{};
  std::optional<std::uint32_t> coredump_filter{};
  std::optional<std::uint32_t> loginuid{};       ///< absent: kernel without CONFIG_AUDIT
  std::optional<std::int32_t> autogroup_nice{};  ///< of its session; absent: kernel without CONFIG_SCHED_AUTOGROUP
};

struct LimitsModel {
  std::map<NsPid, Limits> tasks{};
};

/// The text of /proc/PID/limits. Errors: a line is missing or holds no two values.
Result<std::array<Rlimit, kRlimits>> parse_limits(std::string_view text);
/// The nice value in the text of /proc/PID/autogroup.
std::optional<std::int32_t> parse_autogroup(std::string_view text);
/// The kernel's name of a limit, e.g. "Max open files".
std::string_view rlimit_name(std::size_t resource);

namespace limits {
Result<> collect(DumpCtx&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
Result<> plan(PlanCtx&);
Result<> enter(TaskCtx&);
Result<> finish(RestoreCtx&);
/// Whether the limits of the tasks are set by finish(): raising them takes capabilities of the outside, which tasks
/// of another user namespace do not have.
bool set_by_coordinator(const Models&);
}  // namespace limits

inline constexpr Module kLimits{.name = "limits",
                                .collect = limits::collect,
                                .write_core = limits::write_core,
                                .read_core = limits::read_core,
                                .plan = limits::plan,
                                .enter = limits::enter,
                                .finish = limits::finish};

}  // namespace cr::task
