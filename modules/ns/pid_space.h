// What a pid namespace is beside its processes: the number that it gave last, behind which it looks for the next free
// one, and the most that it gives (since Linux 6.14 each has its own; before, the machine's is nobody's to carry).
// Files of /proc/sys/kernel tell and set both, for the namespace of who opens, reads and writes them: a helper
// process in there does it. It is born with numbers chosen for it, which leaves the last one alone.
//
// The namespace of the root may be the outside's: --external pid[INODE]:KEY, and --inherit-fd fd[N]:KEY at the
// restore. The tree comes back in the one that is given, which keeps its own numbers; its root can't be the init of
// that.
//
// Refused: an external namespace whose init is dumped; one below that of the root.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/contexts.h"
#include "core/sharing.h"

namespace cr::ns {

struct PidSpace {
  std::optional<std::int32_t> last{};  ///< ns_last_pid
  std::optional<std::int32_t> most{};  ///< pid_max
  std::string external_key{};          ///< it is not ours: --inherit-fd gives it
};

struct PidModel {
  std::map<std::uint32_t, PidSpace> spaces{};
};

Result<> collect_pid_space(DumpCtx&, std::uint32_t id, const Task& member);
Result<> write_pid_space(DumpCtx&, std::uint32_t id);
Result<> read_pid_space(ReadCtx&, std::uint32_t id);
Result<> plan_pid_space(PlanCtx&, std::uint32_t id);
/// In the coordinator, when nobody will be born in them any more: they go on from where they were.
Result<> finish_pid_spaces(RestoreCtx&);

/// Restore: the caller's descriptor of the pid namespace that the root comes back in; -1 when it has a new one or the
/// engine's.
int given_pid_space(const RestoreCtx&);

}  // namespace cr::ns
