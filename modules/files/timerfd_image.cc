#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/timerfd.h"

namespace cr::files {

Result<> write_timerfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const Timerfd& t = ctx.models.get<TimerfdModel>().all.at(id);
  pb::timerfd_entry& e = *entry.mutable_tfd();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  e.set_clockid(static_cast<std::uint32_t>(t.clockid));
  e.set_ticks(t.ticks);
  e.set_settime_flags(t.settime_flags);
  e.set_vsec(t.value_sec);
  e.set_vnsec(t.value_nsec);
  e.set_isec(t.interval_sec);
  e.set_insec(t.interval_nsec);
  if (t.end_ns != 0) e.set_cr_end(t.end_ns);
  return {};
}

Result<> read_timerfd(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::timerfd_entry& e = entry.tfd();
  TRY(add_description(ctx, e.id(), kTimerfdKind, e.flags(), 0, get_owner(e.fown())));
  Timerfd t;
  t.clockid = static_cast<int>(e.clockid());
  t.ticks = e.ticks();
  t.settime_flags = e.settime_flags();
  t.value_sec = e.vsec();
  t.value_nsec = e.vnsec();
  t.interval_sec = e.isec();
  t.interval_nsec = e.insec();
  t.end_ns = e.cr_end();
  ctx.models.edit<TimerfdModel>().all[e.id()] = t;
  return {};
}

}  // namespace cr::files
