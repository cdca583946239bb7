#include "infect/sleep_clock.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/defer.h"
#include "base/format.h"
#include "infect/proc_thread.h"

namespace cr::infect {
namespace {

std::int64_t monotonic_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1000000000 + t.tv_nsec;
}

std::optional<std::uint64_t> exec_start(const std::string& path) {
  char buffer[1024];  // se.exec_start is in the first lines
  const auto text = read_small(path, buffer);
  return text ? parse_exec_start(*text) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_exec_start(std::string_view text) {
  constexpr std::string_view kKey = "se.exec_start";
  std::size_t at = text.find(kKey);
  if (at == text.npos) return std::nullopt;
  at = text.find_first_of("0123456789", at + kKey.size());
  if (at == text.npos) return std::nullopt;
  std::uint64_t ms = 0, rest = 0;
  const char* end = text.data() + text.size();
  auto [dot, err] = std::from_chars(text.data() + at, end, ms);
  if (err != std::errc() || dot == end || *dot != '.') return std::nullopt;
  auto [last, err2] = std::from_chars(dot + 1, end, rest);  // six digits: ns
  if (err2 != std::errc() || last - dot != 7) return std::nullopt;
  return ms * 1000000 + rest;
}

std::optional<std::int64_t> SleepClock::offset_of(int cpu) {
  if (auto known = offset_.find(cpu); known != offset_.end()) return known->second;
  cpu_set_t before, only;
  const bool move = sched_getcpu() != cpu && sched_getaffinity(0, sizeof before, &before) == 0;
  Defer back([&] {
    if (move) sched_setaffinity(0, sizeof before, &before);
  });
  if (move) {
    CPU_ZERO(&only);
    CPU_SET(static_cast<unsigned>(cpu), &only);
    sched_setaffinity(0, sizeof only, &only);
  }
  // Asking for our own CPU time makes the kernel update our exec_start (task_sched_runtime -> update_curr); the
  // C library cannot answer this one from the vdso. Preemption in between shows as a large gap: take the best of a
  // few.
  std::optional<std::int64_t> best;
  std::int64_t best_gap = INT64_MAX;
  for (int i = 0; i < 3; ++i) {
    timespec cpu_time;
    const std::int64_t t0 = monotonic_ns();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_time);
    const std::int64_t t1 = monotonic_ns();
    const auto now = exec_start("/proc/thread-self/sched");
    if (!now) break;
    if (t1 - t0 >= best_gap) continue;
    best_gap = t1 - t0;
    best = static_cast<std::int64_t>(*now) - t0;
    if (best_gap < 3000) break;
  }
  return offset_[cpu] = best;
}

std::optional<std::uint64_t> SleepClock::asleep_ns(HostPid pid, HostPid tid) {
  const auto since = exec_start(format("/proc/{}/task/{}/sched", pid, tid));
  if (!since) return std::nullopt;
  char buffer[1024];
  const auto stat = read_small(format("/proc/{}/task/{}/stat", pid, tid), buffer);
  if (!stat) return std::nullopt;
  const auto offset = offset_of(parse_stat(*stat).cpu);
  if (!offset) return std::nullopt;
  const std::int64_t asleep = monotonic_ns() + *offset - static_cast<std::int64_t>(*since);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(asleep, 0));
}

}  // namespace cr::infect
