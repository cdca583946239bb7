#include "files/timerfd.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "base/format.h"
#include "core/proc_text.h"
#include "core/sharing.h"
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

constexpr std::int64_t kSecond_ns = 1'000'000'000;

std::int64_t now_ns(int clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecond_ns + now.tv_nsec;
}

/// As the kernel counts: what is beyond its end is its end.
std::int64_t later_ns(std::int64_t now, std::uint64_t left_sec, std::uint64_t left_nsec) {
  std::int64_t left = 0, end = 0;
  if (__builtin_mul_overflow(left_sec, kSecond_ns, &left) || __builtin_add_overflow(left, left_nsec, &left) ||
      __builtin_add_overflow(now, left, &end))
    return std::numeric_limits<std::int64_t>::max();
  return end;
}

/// The clock of the world goes on while the tree is in images, and so do the others unless they are those of a time
/// namespace of its own.
bool goes_on(const DumpCtx& ctx, int clock) {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM) return true;
  const KobjModel& objects = ctx.models.get<KobjModel>();
  return std::all_of(objects.of.begin(), objects.of.end(),
                     [&](const auto& task) { return task.second.time_ns == objects.root.time_ns; });
}

/// Never before the true end: the clock is read after the time left.
Result<std::int64_t> end_ns(const DumpCtx& ctx, const FileProbe& probe, const TimerfdInfo& t) {
  itimerspec left{};
  if (!(t.settime_flags & TFD_TIMER_ABSTIME) || !goes_on(ctx, t.clockid)) return 0;
  if (timerfd_gettime(probe.fd, &left) != 0) return fail("read the time of", probe.name(), errno);
  if (left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0) return 0;
  return later_ns(now_ns(t.clockid), left.it_value.tv_sec, left.it_value.tv_nsec);
}

/// A clock that shows less than at the dump is another machine's: the time left counts there.
std::int64_t end_now_ns(const Timerfd& t) {
  const std::int64_t end = later_ns(now_ns(t.clockid), t.value_sec, t.value_nsec);
  return t.end_ns != 0 && t.end_ns <= end ? t.end_ns : end;
}

}  // namespace

bool matches_timerfd(const FileProbe& p) { return p.link == "anon_inode:[timerfd]"; }

Result<> collect_timerfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  auto info = parse_fdinfo_timerfd(probe.fdinfo);
  if (!info.ok()) return fail("read fdinfo of", probe.name(), 0, info.error().step);
  const TimerfdInfo now = TRY(catch_up(probe, info.value()));
  ctx.models.edit<TimerfdModel>().all[id] = {now, TRY(end_ns(ctx, probe, now))};
  return {};
}

Result<UniqueFd> open_timerfd(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  const Timerfd& t = ctx.models().get<TimerfdModel>().all.at(id);
  UniqueFd fd(timerfd_create(t.clockid, TFD_CLOEXEC));
  if (!fd) return fail(format("make (clock {})", t.clockid), d.object, errno);
  itimerspec spec{};
  spec.it_value = {static_cast<time_t>(t.value_sec), static_cast<long>(t.value_nsec)};
  spec.it_interval = {static_cast<time_t>(t.interval_sec), static_cast<long>(t.interval_nsec)};
  const bool armed = t.value_sec != 0 || t.value_nsec != 0;
  std::uint64_t ticks = t.ticks, ended_meanwhile = 0;
  bool over = false;
  if (armed && (t.settime_flags & TFD_TIMER_ABSTIME)) {
    const std::int64_t end = end_now_ns(t);
    spec.it_value = {end / kSecond_ns, end % kSecond_ns};
    over = end <= now_ns(t.clockid);
  }
  if (timerfd_settime(fd.get(), static_cast<int>(t.settime_flags), &spec, nullptr) != 0)
    return fail("set the time of", d.object, errno);
  if (ticks == 0) return fd;
  // Setting the count replaces what has ended since, which only reading tells. It does not block.
  if (over && ::read(fd.get(), &ended_meanwhile, sizeof ended_meanwhile) > 0) ticks += ended_meanwhile;
  if (ioctl(fd.get(), TFD_IOC_SET_TICKS, &ticks) != 0)
    return fail("set the expirations of", d.object, errno, "the kernel needs CONFIG_CHECKPOINT_RESTORE");
  return fd;
}

}  // namespace cr::files
