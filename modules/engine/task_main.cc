#include "engine/task_main.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "arch/thread_state.h"
#include "base/format.h"
#include "core/arena_builder.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "core/stages.h"
#include "engine/modules.h"
#include "engine/restorer_args.h"
#include "files/files.h"
#include "ns/pid.h"
#include "task/thread_state.h"

namespace cr::engine {
namespace {

Result<> join_group(const Birth& b) {
  if (b.group == 0 || getpgrp() == b.group) return {};
  if (setpgid(0, b.pgid == b.pid ? 0 : b.group) == 0) return {};
  return Error{"engine", "join process group", format("{} with pid {}", b.pgid, b.pid), errno, ""};
}

/// Leaders first: the others can only join a group that exists.
Result<> restore_group(SharedPage& page, const Birth& b) {
  bool leader = b.pgid == b.pid;
  if (leader) TRY(join_group(b));
  core::say_done(page);
  core::await_stage(page, Stage::kGroups);
  if (!leader) TRY(join_group(b));
  core::say_done(page);
  return {};
}

/// Their parent waits for nobody: `t` is played by a stand-in.
void await_zombies(const TaskCtx& t) {
  for (TaskIndex c : t.task.children) {
    const Task& child = t.tree().tasks[c];
    for (bool dead = child.alive(); !dead; usleep(200)) {
      const std::string path = format("{}/stat", t.restore.shared->task[c].host_pid.load());
      auto text = core::read_text_at(t.restore.proc_fd, path);
      auto stat = text.ok() ? core::StatFields::parse(text.value()) : text.take_error();
      dead = !stat.ok() || stat.value().state() == 'Z';
    }
  }
}

/// The zombies of the task must be zombies, and its helpers gone, before its signals are blocked for good: their
/// SIGCHLD is ignored now and would be queued later.
Result<> await_the_dead(const TaskCtx& t, const Birth& b) {
  for (TaskIndex c : t.task.children) {
    const Task& child = t.tree().tasks[c];
    if (child.alive()) continue;
    siginfo_t info;
    const int number = t.tree().number_in(t.task.space, child.pid);
    // The init of a pid namespace can't be killed from inside.
    if (child.space == c && WIFSIGNALED(child.exit_code)) kill(number, SIGKILL);
    if (waitid(P_PID, static_cast<id_t>(number), &info, WEXITED | WNOWAIT | __WALL) != 0)
      return Error{"engine", "wait for zombie", format("pid {}", child.pid), errno, ""};
  }
  for (NsPid helper : b.helpers)
    if (waitpid(t.tree().number_in(t.task.space, helper), nullptr, 0) < 0)
      return Error{"engine", "reap the helper", format("pid {}", helper), errno, ""};
  return {};
}

void set_zombie_name(const TaskCtx& t) {
  const auto& tasks = t.models().get<task::ThreadStateModel>().tasks;
  if (auto it = tasks.find(t.task.pid); it != tasks.end()) prctl(PR_SET_NAME, it->second.comm.c_str());
}

/// glibc has registered its own area with the kernel, which will be unmapped.
void forget_rseq() {
  if (__rseq_size == 0) return;
  char* area = static_cast<char*>(arch::thread_pointer()) + __rseq_offset;
  syscall(SYS_rseq, area, 32, 1 /* RSEQ_FLAG_UNREGISTER */, RSEQ_SIG);
}

void block_all_signals() {
  std::uint64_t all = ~0ull;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof all);
}

/// Puts blob and arguments into the arena and leaves the engine's program for good.
[[noreturn]] void enter_restorer(std::uint64_t entry, std::uint64_t stack, std::uint64_t args) {
  block_all_signals();
  forget_rseq();
  arch::enter_blob(entry, stack, args);
}

}  // namespace

void stand_in(SharedPage& page, const Birth& b) {
  auto r = restore_group(page, b);
  if (!r.ok()) core::report_error(page, r.error());
  core::await_stage(page, Stage::kConnect);
  _exit(0);
}

void die_as_zombie(TaskCtx& t, const Birth& b) {
  SharedPage& page = *t.restore.shared;
  set_zombie_name(t);
  auto r = restore_group(page, b);
  if (!r.ok()) core::report_error(page, r.error());
  core::await_stage(page, Stage::kConnect);
  int signal = WTERMSIG(t.task.exit_code);
  if (WIFEXITED(t.task.exit_code)) _exit(WEXITSTATUS(t.task.exit_code));
  rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  kill(getpid(), signal);
  for (;;) pause();
}

/// From the opening of descriptors to the last word to the restorer.
static Result<> set_up(TaskCtx& t, const Birth& b, const mm::Premaps& premaps, RestorerArena& arena) {
  SharedPage& page = *t.restore.shared;
  core::await_stage(page, Stage::kOpen);
  TRY(files::open_owned(t));
  core::say_done(page);
  if (files::needs_join(t.models())) {
    core::await_stage(page, Stage::kJoin);
    TRY(files::join(t));
    core::say_done(page);
  }
  core::await_stage(page, Stage::kTake);
  TRY(files::take(t));
  core::say_done(page);
  core::await_stage(page, Stage::kConnect);
  if (b.shares_memory)
    await_zombies(t);
  else
    TRY(await_the_dead(t, b));
  TRY(files::connect(t));
  for (const Module* m : modules())
    if (m->enter != nullptr) TRY(m->enter(t));
  if (!b.shares_memory) arena = TRY(map_arena(t.restore, t.task, false));
  TRY(compose_arguments(t, premaps, arena));
  TRY(files::restore_fs(t));
  return ns::set_children_space(t);  // the caller forks no more
}

Result<> task_main(TaskCtx& t, const Birth& b, const mm::Premaps& premaps) {
  SharedPage& page = *t.restore.shared;
  TRY(restore_group(page, b));
  RestorerArena arena;
  TRY(set_up(t, b, premaps, arena));
  core::say_done(page);
  core::await_stage(page, Stage::kRestorer);
  enter_restorer(arena.entry, arena.stack, arena.args);
}

Result<> stand_in_main(TaskCtx& t, const Birth& b, const mm::Premaps& premaps, RestorerArena arena) {
  return set_up(t, b, premaps, arena);
}

}  // namespace cr::engine
