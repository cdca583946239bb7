#include "engine/core_image.h"

#include <signal.h>

#include "base/format.h"
#include "engine/modules.h"
#include "task/core.pb.h"

namespace cr::engine {
namespace {

std::size_t records_of(const Task& t) { return t.alive() ? t.threads.size() : 1; }

std::uint64_t record_id(const Task& t, std::size_t thread) {
  return static_cast<std::uint64_t>(t.alive() ? t.threads[thread].tid.value : t.pid.value);
}

/// What of a task's record is the driver's own.
void put_task(const Task& t, pb::task_core_entry& tc) {
  tc.set_task_state(static_cast<std::uint32_t>(t.state));
  tc.set_exit_code(t.exit_code);
  if (t.exit_signal != SIGCHLD) tc.set_exit_signal(static_cast<std::uint32_t>(t.exit_signal));
  if (t.stop_signal != 0) tc.set_stop_signo(static_cast<std::uint32_t>(t.stop_signal));
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
  return {};
}

}  // namespace

Result<> write_core_images(DumpCtx& ctx) {
  for (const Task& t : ctx.tree.tasks) {
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
