// Limits in core-<pid>.img.
#include "base/format.h"
#include "task/core.pb.h"
#include "task/resource_limits.h"

namespace cr::task::limits {

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive() || thread != 0) return {};
  const Limits& from = ctx.models.get<LimitsModel>().tasks.at(task.pid);
  pb::task_core_entry& tc = *core.mutable_tc();
  for (const Rlimit& r : from.rlimits) {
    pb::rlimit_entry& out = *tc.mutable_rlimits()->add_rlimits();
    out.set_cur(r.cur);
    out.set_max(r.max);
  }
  if (from.oom_score_adj) tc.set_oom_score_adj(*from.oom_score_adj);
  if (from.loginuid) tc.set_loginuid(*from.loginuid);
  if (from.coredump_filter) tc.mutable_extra()->set_coredump_filter(*from.coredump_filter);
  if (from.autogroup_nice) tc.mutable_extra()->set_autogroup_nice(*from.autogroup_nice);
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive() || thread != 0) return {};
  const pb::task_core_entry& tc = core.tc();
  Limits& out = ctx.models.edit<LimitsModel>().tasks[task.pid];
  const int count = tc.rlimits().rlimits_size();
  if (count > static_cast<int>(kRlimits))
    return Error{"limits", "read the limits of", format("pid {}", task.pid), 0,
                 format("there are {} limits, more than the {} known ones", count, kRlimits)};
  // An image may know fewer; then all of them stay, since holes can't be told from "unlimited".
  out.has_rlimits = count == static_cast<int>(kRlimits);
  for (int i = 0; i < count; ++i) {
    const pb::rlimit_entry& in = tc.rlimits().rlimits(i);
    if (in.cur() > in.max())
      return Error{"limits", "read", format("\"{}\" of pid {}", rlimit_name(static_cast<std::size_t>(i)), task.pid),
                   0, "the soft limit is above the hard one: the image is damaged"};
    out.rlimits[static_cast<std::size_t>(i)] = {in.cur(), in.max()};
  }
  if (tc.has_oom_score_adj()) out.oom_score_adj = tc.oom_score_adj();
  if (tc.has_loginuid()) out.loginuid = tc.loginuid();
  if (tc.extra().has_coredump_filter()) out.coredump_filter = tc.extra().coredump_filter();
  if (tc.extra().has_autogroup_nice()) out.autogroup_nice = tc.extra().autogroup_nice();
  return {};
}

}  // namespace cr::task::limits
