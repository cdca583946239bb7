// The dump driver.
#include <utility>

#include "base/format.h"
#include "base/log.h"
#include "engine/births.h"
#include "engine/core_image.h"
#include "engine/engine.h"
#include "engine/freeze.h"
#include "engine/inventory_image.h"
#include "engine/modules.h"
#include "engine/pidfile.h"
#include "engine/scripts.h"
#include "engine/stats.h"
#include "engine/status_fd.h"
#include "engine/thawed_group.h"
#include "infect/gadgets.h"
#include "infect/parasite_session.h"
#include "mm/snapshot.h"
#include "net/net.h"

namespace cr::engine {
namespace {

/// Asks one live task from inside.
Result<> interrogate(DumpCtx& ctx, const Task& t, infect::GadgetCache& gadgets) {
  infect::ParasiteSession session = TRY(infect::ParasiteSession::open(ctx.seized[t.index], {.gadgets = &gadgets}));
  TRY(run(&Module::interrogate, ctx, t, session));
  return session.close();
}

Result<> write_images(DumpCtx& ctx) {
  TRY(write_core_images(ctx));
  TRY(run(&Module::write, ctx));
  return write_inventory(ctx);
}

/// What was locked by scripts of the caller when the tree stood still is let go when it goes on, for whatever reason.
class NetworkLock {
 public:
  explicit NetworkLock(const Options& opt) : opt_(opt) {}
  ~NetworkLock() {
    const auto done = unlock();
    if (!done.ok()) log::warn("{}", done.error().sentence());
  }
  Result<> lock() {
    is_locked_ = true;  // also when a script has failed half-way
    return run_scripts(opt_, ScriptPoint::kNetworkLock, opt_.pid);
  }
  Result<> unlock() {
    if (!std::exchange(is_locked_, false)) return {};
    return run_scripts(opt_, ScriptPoint::kNetworkUnlock, opt_.pid);
  }
  /// The tree is ended: a restore lets go.
  void keep() { is_locked_ = false; }

 private:
  const Options& opt_;
  bool is_locked_ = false;
};

/// Only now, with a complete set on disk, may the tree be killed.
Result<> release(DumpCtx& ctx) {
  if (ctx.opt.final_state != FinalState::kDefault) {
    auto state =
        ctx.opt.final_state == FinalState::kStopped ? infect::DetachState::kStopped : infect::DetachState::kRunning;
    for (infect::SeizedTask& s : ctx.seized) TRY(s.detach(state));
    return {};
  }
  TRY(run(&Module::keep, ctx));
  for (infect::SeizedTask& s : ctx.seized) TRY(s.send_kill());
  // The init of a pid namespace has ended only when all others there are reaped.
  for (bool inits : {false, true})
    for (auto t = ctx.tree.tasks.rbegin(); t != ctx.tree.tasks.rend(); ++t)
      if ((t->space == t->index) == inits) TRY(ctx.seized[t->index].reap());
  return {};
}

}  // namespace

Result<> dump(const Options& opt) {
  if (opt.snapshot.value_or(false) && opt.final_state != FinalState::kRunning)
    return Error{"engine", "dump", format("pid {}", opt.pid), EINVAL, "--snapshot needs --leave-running"};
  TRY(run_scripts(opt, ScriptPoint::kPreDump, opt.pid));
  ThawedGroup thawed = TRY(ThawedGroup::thaw(opt.freeze_cgroup));  // freezes again when the tree was let go
  DumpCtx ctx{.opt = opt, .images = TRY(core::ImageWriterDir::open(opt.images_dir))};
  Stopwatch clock;
  TRY(seize_tree(ctx));  // return = thaw
  ctx.stats.freezing_us = clock.us();
  clock.restart();
  log::info("froze {} tasks in {} us", ctx.tree.tasks.size(), ctx.stats.freezing_us);

  TRY(run(&Module::collect, ctx));
  NetworkLock network(opt);
  TRY(network.lock());
  TRY(run(&Module::lock, ctx));
  infect::GadgetCache gadgets;
  for (const Task& t : ctx.tree.tasks)
    if (t.alive()) TRY(interrogate(ctx, t, gadgets));
  TRY(run(&Module::settle, ctx));
  const BirthPlan births = TRY(plan_births(ctx.tree, ctx.models.get<KobjModel>()));  // refuse here or never
  ctx.models.edit<mm::Model>().forked_from = forked_from(births, ctx.tree);
  mm::begin_snapshot(ctx);
  TRY(write_images(ctx));
  const bool runs_on = mm::has_snapshot(ctx);
  if (runs_on) {  // whatever happens now, the tree has gone on
    ctx.stats.frozen_us = clock.us();
    TRY(release(ctx));
    TRY(net::let_pass(ctx));
    TRY(network.unlock());
    TRY(mm::finish_snapshot(ctx));
  }
  TRY(ctx.images.commit());
  TRY(run_scripts(opt, ScriptPoint::kPostDump, opt.pid));
  if (!runs_on) {
    if (opt.final_state != FinalState::kDefault) TRY(network.unlock());
    ctx.stats.frozen_us = clock.us();
    TRY(release(ctx));
  }
  network.keep();
  if (opt.final_state == FinalState::kDefault) thawed.forget();  // a restore could not come to life in a frozen group

  TRY(write_stats(opt.work_dir, ctx.stats));
  if (opt.display_stats) fmt::print("{}", stats_text(ctx.stats));
  log::info("dumped {} pages, tree frozen for {} us", ctx.stats.pages_written, ctx.stats.frozen_us);
  return {};
}

}  // namespace cr::engine
