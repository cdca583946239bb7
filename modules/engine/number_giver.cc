#include "engine/number_giver.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "base/restore_shared.h"
#include "core/proc_text.h"

namespace cr::engine {
namespace {

/// In the pid namespace of the caller.
bool set_last(int proc_fd, std::int32_t number) {
  const std::string text = std::to_string(number - 1);
  const UniqueFd fd(openat(proc_fd, "sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
  return fd && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The file is that of the pid namespace of the one who writes: a child in there does it.
bool set_last_in(int proc_fd, int space, int home, std::int32_t number) {
  if (setns(space, CLONE_NEWPID) != 0) return false;
  const pid_t child = fork();
  const int err = errno;
  if (child == 0) _exit(set_last(proc_fd, number) ? 0 : 1);
  if (setns(home, CLONE_NEWPID) != 0) log::error("the engine can't return to its own pid namespace");
  errno = err;
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

Result<> give(const RestoreCtx& ctx, TaskIndex init, std::int32_t number) {
  const std::string path = format("{}/ns/pid", ctx.shared->task[init].host_pid.load());
  const UniqueFd space(openat(ctx.proc_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd home(openat(ctx.proc_fd, "self/ns/pid", O_RDONLY | O_CLOEXEC));
  struct stat there, here;
  if (!space || !home || fstat(space.get(), &there) != 0 || fstat(home.get(), &here) != 0)
    return Error{"engine", "open", path, errno, ""};
  const bool is_here = there.st_dev == here.st_dev && there.st_ino == here.st_ino;
  if (is_here ? set_last(ctx.proc_fd, number) : set_last_in(ctx.proc_fd, space.get(), home.get(), number)) return {};
  return Error{"engine", "choose",
               format("number {} in the pid namespace of pid {}", number, ctx.tree.tasks[init].pid), errno,
               "the engine needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN"};
}

}  // namespace

std::vector<std::uint32_t> pid_spaces_of(const TaskTree& tree, TaskIndex space) {
  std::vector<std::uint32_t> inits{static_cast<std::uint32_t>(space)};
  while (inits.back() != 0)
    inits.push_back(static_cast<std::uint32_t>(tree.tasks[tree.tasks[inits.back()].parent].space));
  std::reverse(inits.begin(), inits.end());
  return inits;
}

Result<> give_numbers(const RestoreCtx& ctx) {
  NumberWish& wish = ctx.shared->wish;
  if (wish.state != NumberWish::kWanted) return {};
  for (std::uint32_t i = 0; i < std::min<std::size_t>(wish.count, NumberWish::kMost); ++i)
    TRY(give(ctx, wish.init[i], wish.number[i]));
  wish.state = NumberWish::kGranted;
  return {};
}

Result<bool> has_numbers(const RestoreCtx& ctx, const std::vector<std::int32_t>& wanted) {
  const std::string status = TRY(core::read_text_at(ctx.proc_fd, "self/status"));
  const auto words = core::words(core::field(status, "NSpid").value_or(""));
  if (words.size() < wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (core::number(words[words.size() - wanted.size() + i]) != static_cast<std::uint64_t>(wanted[i])) return false;
  return true;
}

}  // namespace cr::engine
