#include "engine/core_image.h"

#include <signal.h>

#include "arch/thread_image.h"
#include "base/format.h"
#include "engine/modules.h"
#include "task/core.pb.h"
#include "task/thread_state.h"

namespace cr::engine {
namespace {

std::size_t records_of(const Task& t) { return t.alive() ? t.threads.size() : 1; }

std::uint64_t record_id(const Task& t, std::size_t thread) {
  return static_cast<std::uint64_t>(t.alive() ? t.threads[thread].tid.value : t.pid.value);
}

/// The task state of a leader that has exited while other threads run: a number that other readers have no name for,
/// so that they refuse the set instead of taking the task for a live or a dead one.
constexpr std::uint32_t kLeaderExited = 1000;

/// core-<pid>.img of such a task is about the leader only, as that of a zombie; what is the process's stands in the
/// record of its first live thread.
Result<> write_dead_leader(DumpCtx& ctx, const Task& t) {
  pb::core_entry e;
  pb::task_core_entry& tc = *e.mutable_tc();
  tc.set_task_state(kLeaderExited);
  tc.set_exit_code(t.leader_exit_code);
  tc.set_personality(0);
  tc.set_flags(0);
  tc.set_blk_sigset(0);
  tc.set_comm(ctx.models.get<task::ThreadStateModel>().tasks.at(t.pid).comm);
  arch::put_architecture(e);
  ctx.images.require(core::kExitedLeaders);
  auto image = TRY(ctx.images.create(core::ImageType::kCore, static_cast<std::uint64_t>(t.pid.value)));
  TRY(image.write(e));
  return image.close();
}

/// Takes the leader out of `t.threads` when its record says so.
Result<> read_dead_leader(ReadCtx& ctx, Task& t) {
  if (!t.alive()) return {};
  auto image = TRY(ctx.images.image(core::ImageType::kCore, static_cast<std::uint64_t>(t.pid.value)));
  pb::core_entry e;
  TRY(image.only(e));
  if (e.tc().task_state() != kLeaderExited) return {};
  if (t.threads.size() < 2 || (e.tc().exit_code() & ~0xff00u) != 0)
    return Error{"engine", "use", format("core-{}.img", t.pid), 0, "its leader has exited, and nobody else is there"};
  t.leader_exited = true;
  t.leader_exit_code = e.tc().exit_code();
  t.threads.erase(t.threads.begin());
  return {};
}

/// What of a task's record is the driver's own.
void put_task(const Task& t, pb::task_core_entry& tc) {
  tc.set_task_state(static_cast<std::uint32_t>(t.state));
  tc.set_exit_code(t.exit_code);
  if (t.exit_signal != SIGCHLD) tc.set_exit_signal(static_cast<std::uint32_t>(t.exit_signal));
  if (t.stop_signal != 0) tc.set_stop_signo(static_cast<std::uint32_t>(t.stop_signal));
  if (t.stop_reported) tc.set_stop_reported(true);
}

Result<> get_task(Task& t, const pb::task_core_entry& tc) {
  auto state = static_cast<TaskState>(tc.task_state());
  bool known = state == TaskState::kAlive || state == TaskState::kZombie || state == TaskState::kStopped;
  if (!known || (state == TaskState::kZombie) != t.threads.empty())
    return Error{"engine", "use", format("task state {} of core-{}.img", tc.task_state(), t.pid), 0,
                 "the image is damaged or from a later version"};
  t.state = state;
  t.exit_code = tc.exit_code();
  t.exit_signal = tc.has_exit_signal() ? static_cast<int>(tc.exit_signal()) : SIGCHLD;
  t.stop_signal = state == TaskState::kStopped ? static_cast<int>(tc.has_stop_signo() ? tc.stop_signo() : 19) : 0;
  t.stop_reported = tc.stop_reported();
  return {};
}

}  // namespace

Result<> write_core_images(DumpCtx& ctx) {
  for (const Task& t : ctx.tree.tasks) {
    if (t.leader_exited) TRY(write_dead_leader(ctx, t));
    for (std::size_t i = 0; i < records_of(t); ++i) {
      pb::core_entry e;
      if (i == 0) put_task(t, *e.mutable_tc());
      for (const Module* m : modules())
        if (m->write_core != nullptr) TRY(m->write_core(ctx, t, i, e));
      auto image = TRY(ctx.images.create(core::ImageType::kCore, record_id(t, i)));
      TRY(image.write(e));
      TRY(image.close());
    }
  }
  return {};
}

Result<> read_core_images(ReadCtx& ctx) {
  for (Task& t : ctx.tree.tasks) {
    TRY(read_dead_leader(ctx, t));
    for (std::size_t i = 0; i < records_of(t); ++i) {
      auto image = TRY(ctx.images.image(core::ImageType::kCore, record_id(t, i)));
      pb::core_entry e;
      TRY(image.only(e));
      if (i == 0) TRY(get_task(t, e.tc()));
      for (const Module* m : modules())
        if (m->read_core != nullptr) TRY(m->read_core(ctx, t, i, e));
    }
  }
  return {};
}

}  // namespace cr::engine
