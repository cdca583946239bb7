#include "files/timerfd.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, std::uint64_t)
#endif

namespace cr::files {
namespace {

/// An interval timer that has expired stands still until somebody reads or asks: the kernel then counts the missed
/// expirations and starts it again (fs/timerfd.c, timerfd_gettime). Asking changes nothing that the program can see.
Result<TimerfdInfo> catch_up(const FileProbe& probe, const TimerfdInfo& seen) {
  const bool stands = seen.ticks != 0 && seen.value_sec == 0 && seen.value_nsec == 0 &&
                      (seen.interval_sec != 0 || seen.interval_nsec != 0);
  if (!stands) return seen;
  itimerspec now;
  if (timerfd_gettime(probe.fd, &now) != 0) return fail("read the time of", probe.name(), errno);
  return parse_fdinfo_timerfd(TRY(core::read_text(format("/proc/self/fdinfo/{}", probe.fd))));
}

itimerspec absolute(const TimerfdInfo& t, itimerspec spec) {
  timespec now;
  clock_gettime(t.clockid, &now);
  spec.it_value.tv_sec += now.tv_sec;
  spec.it_value.tv_nsec += now.tv_nsec;
  if (spec.it_value.tv_nsec >= 1000000000) {
    spec.it_value.tv_nsec -= 1000000000;
    ++spec.it_value.tv_sec;
  }
  return spec;
}

}  // namespace

bool matches_timerfd(const FileProbe& p) { return p.link == "anon_inode:[timerfd]"; }

Result<> collect_timerfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  auto info = parse_fdinfo_timerfd(probe.fdinfo);
  if (!info.ok()) return fail("read fdinfo of", probe.name(), 0, info.error().step);
  ctx.models.edit<TimerfdModel>().all[id] = TRY(catch_up(probe, info.value()));
  return {};
}

Result<UniqueFd> open_timerfd(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  const TimerfdInfo& t = ctx.models().get<TimerfdModel>().all.at(id);
  UniqueFd fd(timerfd_create(t.clockid, TFD_CLOEXEC));
  if (!fd) return fail(format("make (clock {})", t.clockid), d.object, errno);
  itimerspec spec{};
  spec.it_value = {static_cast<time_t>(t.value_sec), static_cast<long>(t.value_nsec)};
  spec.it_interval = {static_cast<time_t>(t.interval_sec), static_cast<long>(t.interval_nsec)};
  const bool armed = t.value_sec != 0 || t.value_nsec != 0;
  if (armed && (t.settime_flags & TFD_TIMER_ABSTIME)) spec = absolute(t, spec);
  if (timerfd_settime(fd.get(), static_cast<int>(t.settime_flags), &spec, nullptr) != 0)
    return fail("set the time of", d.object, errno);
  if (t.ticks != 0 && ioctl(fd.get(), TFD_IOC_SET_TICKS, &t.ticks) != 0)
    return fail("set the expirations of", d.object, errno, "the kernel needs CONFIG_CHECKPOINT_RESTORE");
  return fd;
}

}  // namespace cr::files
