// Sessions and their terminals, in the restored tasks.
#include <asm/ioctls.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/clone_args.h"
#include "base/defer.h"
#include "base/format.h"
#include "files/description.h"
#include "tty/tty.h"

namespace cr::tty {
namespace {

/// The terminal that controls a session, or nullptr.
const Terminal* terminal_of(const Model& model, NsPid sid) {
  for (const auto& [id, t] : model.terminals)
    if (!t.master && t.type != Type::kCtty && t.sid == sid && sid != NsPid{}) return &t;
  return nullptr;
}

/// A service number of that terminal; -1: there is none.
int number_of(const Models& models, const Terminal& t) {
  const Model& model = models.get<Model>();
  if (t.type == Type::kPty) return model.pairs.at({t.dev, t.index}).slave_fd;
  if (t.type == Type::kVt)
    for (const auto& [id, open] : model.opens)
      if (open.terminal == t.id) return open.number;
  const auto& inherited = models.get<files::Model>().inherited;
  const auto it = inherited.find(external_name(t));
  return it == inherited.end() ? -1 : it->second;
}

Error failed(const TaskCtx& ctx, const char* step, int err) {
  return fail(step, format("pid {} (session {})", ctx.task.pid, ctx.task.sid), err);
}

/// The one who sets the foreground group of a session: its leader, or when that is outside the first in the tree.
bool sets_foreground(const TaskCtx& ctx, const Terminal& t) {
  const TaskTree& tree = ctx.tree();
  if (const Task* leader = tree.find(t.sid)) return leader == &ctx.task;
  for (const Task& task : tree.tasks)
    if (task.alive() && task.sid == t.sid &&
        std::find(t.without.begin(), t.without.end(), task.pid) == t.without.end())
      return &task == &ctx.task;
  return false;
}

bool has_members(const TaskTree& tree, NsPid group) {
  return std::any_of(tree.tasks.begin(), tree.tasks.end(), [&](const Task& t) { return t.pgid == group; });
}

/// A group that nobody is in any more can still be the foreground: somebody has to be in it for a moment.
Result<> set_empty_group(const TaskCtx& ctx, int fd, int group) {
  std::uint64_t pid = static_cast<std::uint64_t>(group);
  CloneArgs args{};
  args.set_tid = reinterpret_cast<std::uint64_t>(&pid);
  args.set_tid_size = 1;
  const long child = syscall(SYS_clone3, &args, sizeof args);
  if (child < 0) return failed(ctx, "make a member of the empty foreground group of", errno);
  if (child == 0)
    for (;;) pause();
  const bool set = setpgid(group, group) == 0 && ioctl(fd, TIOCSPGRP, &group) == 0;
  const int err = errno;
  kill(group, SIGKILL);
  waitpid(group, nullptr, __WALL);
  if (!set) return failed(ctx, "set the foreground group of", err);
  return {};
}

Result<> set_foreground(const TaskCtx& ctx, int fd, NsPid group) {
  sigset_t ttou, before;
  sigemptyset(&ttou);
  sigaddset(&ttou, SIGTTOU);
  sigprocmask(SIG_BLOCK, &ttou, &before);
  Defer mask_again([&] { sigprocmask(SIG_SETMASK, &before, nullptr); });
  if (!has_members(ctx.tree(), group)) {
    // Led outside, a group that is not in the tree is outside too, and not ours to bring to the front.
    if (ctx.tree().find(ctx.task.sid) == nullptr) return {};
    if (ctx.task.space != 0) return failed(ctx, "name in its pid namespace the empty foreground group of", 0);
    return set_empty_group(ctx, fd, group.value);
  }
  const int number = ctx.tree().number_in(ctx.task.space, group);
  if (ioctl(fd, TIOCSPGRP, &number) != 0) return failed(ctx, "set the foreground group of", errno);
  return {};
}

}  // namespace

Result<> take_controlling(TaskCtx& ctx) {
  const Terminal* t = terminal_of(ctx.models().get<Model>(), ctx.task.pid);
  if (t == nullptr) return {};
  if (ioctl(number_of(ctx.models(), *t), TIOCSCTTY, 0) == 0) return {};
  return failed(ctx, "take the controlling terminal of", errno);
}

Result<> enter(TaskCtx& ctx) {
  const Terminal* t = terminal_of(ctx.models().get<Model>(), ctx.task.sid);
  const bool outside = ctx.tree().find(ctx.task.sid) == nullptr;
  if (t == nullptr && !outside) return {};
  UniqueFd fd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!fd) return t == nullptr ? Result<>{} : failed(ctx, "open /dev/tty of", errno);
  // In a session of the outside that had none, we have inherited that of the caller.
  if (t == nullptr || std::find(t->without.begin(), t->without.end(), ctx.task.pid) != t->without.end()) {
    if (ioctl(fd.get(), TIOCNOTTY) != 0) return failed(ctx, "give up the controlling terminal of", errno);
    return {};
  }
  if (t->pgrp == NsPid{} || !sets_foreground(ctx, *t)) return {};
  return set_foreground(ctx, fd.get(), t->pgrp);
}

}  // namespace cr::tty
