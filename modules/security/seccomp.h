// System call filters: strict mode, and chains of BPF programs.
//
// Shown by /proc/PID/task/TID/status (mode) and by PTRACE_SECCOMP_GET_FILTER and _GET_METADATA, oldest filter first;
// both need CAP_SYS_ADMIN and an engine that is not under seccomp itself. Threads that were forked from one another
// share filters; the kernel doesn't tell, so equal programs after equal ancestors count as one, in the images too.
// Put back in the restorer while the coordinator suspends seccomp (PTRACE_O_SUSPEND_SECCOMP), with full credentials:
// what all threads of a process share is installed by the main thread with TSYNC, so that a later TSYNC of the
// program still finds common ancestors; the rest by each thread. Not carried: that some, but not all, threads of a
// process share a filter (only a program that fails at TSYNC could tell); SECCOMP_FILTER_FLAG_SPEC_ALLOW, whose
// effect the speculation controls carry. Refused: a filter that asks a supervisor (SECCOMP_RET_USER_NOTIF), whose
// listener lives elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/module.h"

namespace cr::security {

enum class SeccompMode : std::uint32_t { kDisabled = 0, kStrict = 1, kFilter = 2 };

inline constexpr std::size_t kMaxFilterCode = 4096;  ///< BPF_MAXINSNS

/// One program; `prev` is the index of the older one that it stands on, -1: none.
struct Filter {
  std::vector<std::uint64_t> code{};  ///< struct sock_filter, 8 bytes each
  std::uint32_t flags = 0;            ///< SECCOMP_FILTER_FLAG_LOG
  std::int32_t prev = -1;
  friend bool operator==(const Filter&, const Filter&) = default;
};

struct ThreadSeccomp {
  SeccompMode mode = SeccompMode::kDisabled;
  std::int32_t last = -1;  ///< its newest filter
};

struct SeccompModel {
  std::vector<Filter> filters{};  ///< ancestors before descendants
  std::map<NsPid, ThreadSeccomp> threads{};

  /// The index of that filter, added unless an equal one is there.
  std::int32_t add(Filter filter);
  /// Indices of a thread's filters, oldest first.
  std::vector<std::int32_t> chain(const ThreadSeccomp&) const;
};

/// The filters that all threads of the task have, oldest first: those that TSYNC can share.
std::vector<std::int32_t> common_chain(const SeccompModel&, const Task&);
/// Whether a filter can hand a call to a supervisor.
bool asks_supervisor(std::span<const std::uint64_t> code);
/// Whether that thread has seccomp: the coordinator must then have seized it with PTRACE_O_SUSPEND_SECCOMP before it
/// runs the steps of security/restorer.h.
bool has_seccomp(const Models&, NsPid tid);

namespace seccomp {
Result<> collect(DumpCtx&);
Result<> write(DumpCtx&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read(ReadCtx&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
Result<> plan(PlanCtx&);
}  // namespace seccomp

inline constexpr Module kSeccomp{.name = "seccomp",
                                 .collect = seccomp::collect,
                                 .write = seccomp::write,
                                 .write_core = seccomp::write_core,
                                 .read = seccomp::read,
                                 .read_core = seccomp::read_core,
                                 .plan = seccomp::plan};

}  // namespace cr::security
