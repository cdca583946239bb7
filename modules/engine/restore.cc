// The restore driver.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "base/log.h"
#include "core/id_map.h"
#include "core/opener.h"
#include "core/proc_text.h"
#include "core/stages.h"
#include "engine/births.h"
#include "engine/core_image.h"
#include "engine/engine.h"
#include "engine/fork_tree.h"
#include "engine/inventory_image.h"
#include "engine/modules.h"
#include "engine/number_giver.h"
#include "engine/pidfile.h"
#include "engine/scripts.h"
#include "engine/stats.h"
#include "engine/status_fd.h"
#include "engine/takeover.h"
#include "files/files.h"
#include "mm/mm.h"
#include "task/tree.h"

namespace cr::engine {
namespace {

Result<> read_images(ReadCtx& ctx) {
  TRY(read_inventory(ctx));
  TRY(task::read_tree(ctx));
  TRY(read_core_images(ctx));
  return run(&Module::read, ctx);
}

/// Takes a half-made tree down again when the restore fails.
class TreeGuard {
 public:
  explicit TreeGuard(RestoreCtx& ctx) : ctx_(ctx) {}
  ~TreeGuard() {
    if (!armed_) return;
    core::open_stage(*ctx_.shared, Stage::kAbort);
    for (const Task& t : ctx_.tree.tasks)
      if (pid_t pid = ctx_.shared->task[t.index].host_pid; pid > 0) kill(pid, SIGKILL);
    while (waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
    }
  }
  void release() { armed_ = false; }

 private:
  RestoreCtx& ctx_;
  bool armed_ = true;
};

/// Whether a task has died whose parent, another one of the tree, has not waited for it: its number is still taken.
bool is_zombie(const Task& t, HostPid pid) {
  if (t.leader_exited) return false;
  const auto stat = core::read_stat(pid);
  return stat.ok() && stat.value().state() == 'Z';
}

/// An error when one of the tasks that must live is dead.
Result<> all_alive(void* argument) {
  auto& ctx = *static_cast<RestoreCtx*>(argument);
  for (const Task& t : ctx.tree.tasks) {
    pid_t pid = ctx.shared->task[t.index].host_pid;
    if (!t.alive() || pid == 0) continue;
    siginfo_t info{};
    bool child_died =
        waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
    if (child_died || kill(pid, 0) != 0 || is_zombie(t, HostPid{pid}))
      return Error{"engine", "restore", format("pid {}", t.pid), 0,
                   format("it died half-way (code {}, status {})", info.si_code, info.si_status)};
  }
  return {};
}

/// Of all who wait for the coordinator.
Result<> look_after(void* argument) {
  TRY(give_numbers(*static_cast<RestoreCtx*>(argument)));
  return all_alive(argument);
}

/// Main threads that had exited do so before anybody arms a signal for the death of his parent.
Result<> await_dead_leaders(const RestoreCtx& ctx) {
  constexpr int kTries = 10000, kPause_us = 200;
  for (const Task& t : ctx.tree.tasks) {
    if (!t.leader_exited) continue;
    HostPid pid{ctx.shared->task[t.index].host_pid};
    for (int tries = 0; TRY(core::read_stat(pid)).state() != 'Z'; ++tries) {
      if (tries == kTries) return Error{"engine", "end the main thread of", format("pid {}", t.pid), ETIMEDOUT, ""};
      usleep(kPause_us);
    }
  }
  return {};
}

Result<> pass_stages(RestoreCtx& ctx, const BirthPlan& plan) {
  std::size_t alive = 0, threads = 0;
  for (const Task& t : ctx.tree.tasks) {
    alive += t.alive();
    threads += t.threads.size();
  }
  std::size_t all = ctx.tree.tasks.size() + plan.group_helpers;
  auto pass = [&](Stage stage, std::size_t count) -> Result<> {
    if (stage != Stage::kFork) core::open_stage(*ctx.shared, stage);
    return core::await_done(*ctx.shared, count, look_after, &ctx);
  };
  TRY(pass(Stage::kFork, all));
  const HostPid root{ctx.shared->task[0].host_pid};
  TRY(run_scripts(ctx.opt, ScriptPoint::kSetupNamespaces, root));
  TRY(run_scripts(ctx.opt, ScriptPoint::kPostSetupNamespaces, root));
  TRY(pass(Stage::kGroups, all));
  TRY(pass(Stage::kOpen, alive));
  if (files::needs_join(ctx.models)) TRY(pass(Stage::kJoin, alive));
  TRY(pass(Stage::kTake, alive));
  TRY(pass(Stage::kConnect, alive));
  TRY(pass(Stage::kRestorer, threads));
  return await_dead_leaders(ctx);
}

/// Traced from here on, the tasks do what must be last, and then are what they were.
Result<> finish(RestoreCtx& ctx, Takeover& takeover) {
  std::size_t threads = 0;
  for (const Task& t : ctx.tree.tasks) threads += t.threads.size();
  TRY(takeover.seize());
  core::open_stage(*ctx.shared, Stage::kFinal);
  TRY(core::await_done(*ctx.shared, threads, all_alive, &ctx));
  TRY(takeover.complete(ctx.opt.final_state == FinalState::kStopped));
  return run(&Module::finish, ctx);
}

/// Tasks of another user namespace need somebody who opens what is closed to them, those of nested pid namespaces one
/// who lends them what tasks hold that they don't see.
Result<core::Opener> open_for_others(RestoreCtx& ctx) {
  if (!ctx.models.get<core::TreeIds>().own && !ctx.tree.is_nested()) return core::Opener();
  core::Opener opener = TRY(core::Opener::start(ctx.first_service_fd));
  ctx.opener = opener.client();
  ctx.images.use(ctx.opener);
  return opener;
}

int wait_for_root(HostPid root) {
  int status = 0;
  while (waitpid(root.value, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<Restored> restore(const Options& opt) {
  Stopwatch clock;
  core::ImageReaderDir images = TRY(core::ImageReaderDir::open(opt.images_dir));
  TaskTree tree;
  Models models;
  ReadCtx read{opt, images, tree, models};
  TRY(read_images(read));
  BirthPlan births = TRY(plan_births(tree, models.get<KobjModel>()));
  models.edit<mm::Model>().forked_from = forked_from(births, tree);
  PlanCtx plan_ctx{opt, tree, models};
  TRY(run(&Module::plan, plan_ctx));  // no process yet; refuse here or never
  TRY(images.verify_pages());
  Pidfile pidfile = TRY(Pidfile::create(opt.pidfile));
  TRY(run_scripts(opt, ScriptPoint::kPreRestore));

  RestoreCtx ctx{opt, images, tree, models};
  ctx.first_service_fd = plan_ctx.first_service_fd;
  ctx.shared = TRY(core::make_shared_page(tree.tasks.size()));
  TRY(files::reserve_numbers(ctx));
  TRY(run(&Module::prepare, ctx));
  const core::Opener opener = TRY(open_for_others(ctx));
  TreeGuard guard(ctx);
  const FreshSpace space = TRY(fork_tree(ctx, births));
  TRY(pass_stages(ctx, births));
  ctx.stats.forking_us = clock.us();
  Takeover takeover(ctx);
  TRY(finish(ctx, takeover));

  HostPid root = tree.root().host;
  TRY(pidfile.write(root));
  TRY(run_scripts(opt, ScriptPoint::kPostRestore, root));
  TRY(run_scripts(opt, ScriptPoint::kNetworkUnlock, root));
  TRY(run_scripts(opt, ScriptPoint::kPreResume, root));
  TRY(run(&Module::unlock, ctx));
  TRY(takeover.let_go(opt.final_state == FinalState::kStopped));
  guard.release();
  TRY(run_scripts(opt, ScriptPoint::kPostResume, root));
  TRY(report_ready(opt.status_fd));

  ctx.stats.restore_us = clock.us();
  TRY(write_stats(opt.work_dir, ctx.stats));
  if (opt.display_stats) fmt::print("{}", stats_text(ctx.stats));
  log::info("restored {} tasks in {} us", tree.tasks.size(), ctx.stats.restore_us);
  if (opt.restore_detached) return Restored{root, 0};
  return Restored{root, space.is_made() ? space.wait_for_root() : wait_for_root(root)};
}

}  // namespace cr::engine
