#include "engine/numbers.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/format.h"
#include "base/restore_shared.h"
#include "base/unique_fd.h"
#include "core/proc_text.h"
#include "ns/pid_space.h"

namespace cr::engine {
namespace {

/// Whether the one who has the pid is dead already.
bool is_leaving(NsPid pid) {
  auto stat = core::read_stat(HostPid{pid.value});
  return !stat.ok() || stat.value().state() == 'Z' || stat.value().state() == 'X';
}

/// A thread that fills memory for another task of the tree.
bool is_own_thread(const RestoreCtx& ctx, NsPid tid) {
  auto status = core::read_proc(HostPid{tid.value}, "status");
  if (!status.ok()) return true;
  const auto process = core::number(core::field(status.value(), "Tgid").value_or("0")).value_or(0);
  if (process == static_cast<std::uint64_t>(tid.value)) return false;
  return std::any_of(ctx.tree.tasks.begin(), ctx.tree.tasks.end(), [&](const Task& t) {
    return static_cast<std::uint64_t>(ctx.shared->task[t.index].host_pid) == process;
  });
}

}  // namespace

Error pid_taken(const RestoreCtx& ctx, NsPid pid) {
  if (ns::given_pid_space(ctx) >= 0)
    return Error{"engine", "make", format("pid {}", pid), EEXIST,
                 "that pid is taken in the pid namespace of --inherit-fd; wait for its end, or give another one"};
  auto stat = core::read_stat(HostPid{pid.value});
  std::string by = stat.ok() ? format("by {} (parent {})", stat.value().comm(), stat.value().number(4)) : "";
  return Error{"engine", "make", format("pid {}", pid), EEXIST,
               format("that pid is taken {}; wait for its end, or restore in another pid namespace", by)};
}

bool will_be_free(const RestoreCtx& ctx, const KobjIds& here, NsPid pid) {
  // In a pid namespace of our own only a helper that is about to end can have it.
  return here.pid_ns != ctx.models.get<KobjModel>().root.pid_ns || ns::given_pid_space(ctx) >= 0 || is_leaving(pid) ||
         is_own_thread(ctx, pid);
}

std::int32_t first_free_pid(const TaskTree& tree) {
  int top = 0;
  for (const Task& t : tree.tasks) {
    top = std::max({top, t.pid.value, t.pgid.value, t.sid.value});
    for (const PidLevel& level : t.inner) top = std::max({top, level.pid, level.pgid, level.sid});
    for (const Thread& th : t.threads) {
      top = std::max(top, th.tid.value);
      for (int number : th.inner) top = std::max(top, number);
    }
  }
  return top + 1;
}

Result<> keep_numbers_free(const RestoreCtx& ctx) {
  const std::string text = std::to_string(first_free_pid(ctx.tree));
  const UniqueFd last(openat(ctx.proc_fd, "sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
  if (last && write(last.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  return Error{"engine", "set", "ns_last_pid of a new pid namespace", errno, ""};
}

}  // namespace cr::engine
