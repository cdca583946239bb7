// What the machine itself can do: the bounds of everything else.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "bench/cases.h"
#include "bench/series.h"
#include "bench/subject.h"

namespace cr::bench {
namespace {

constexpr std::size_t kBytes = 256 << 20;  // figures are scaled to 1 GiB

std::byte* map(int advice = 0) {
  void* m = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (advice != 0) madvise(m, kBytes, advice);
  return static_cast<std::byte*>(m);
}

void touch(std::byte* m) {
  for (std::size_t at = 0; at < kBytes; at += 4096) m[at] = std::byte{1};
}

double fault_in(int advice) {
  std::byte* m = map(advice);
  const double start = now_ms();
  touch(m);
  const double ms = now_ms() - start;
  munmap(m, kBytes);
  return ms;
}

double copy() {
  std::byte *a = map(), *b = map();
  touch(a), touch(b);
  const double start = now_ms();
  std::memcpy(b, a, kBytes);
  benchmark::DoNotOptimize(*b);
  const double ms = now_ms() - start;
  munmap(a, kBytes), munmap(b, kBytes);
  return ms;
}

double write_file(const std::string& dir, bool durable) {
  const std::string file = dir + "/limit";
  std::byte* m = map();
  touch(m);
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  const double start = now_ms();
  for (std::size_t at = 0; at < kBytes; at += 1 << 20)
    if (pwrite(fd, m + at, 1 << 20, static_cast<off_t>(at)) != 1 << 20) give_up("cannot write " + file);
  if (durable) fsync(fd);
  const double ms = now_ms() - start;
  close(fd);
  unlink(file.c_str());
  munmap(m, kBytes);
  return ms;
}

/// All memory into a file of huge pages on tmpfs by two threads: what a dump has to do at least.
double copy_to_huge_file(const std::string& dir) {
  constexpr std::size_t kPiece = 16 << 20, kHuge = 2 << 20;
  constexpr int kCollapse = 25;  // MADV_COLLAPSE
  const std::string file = dir + "/limit";
  std::byte* m = map(MADV_NOHUGEPAGE);
  touch(m);
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (ftruncate(fd, kBytes) != 0) give_up("cannot write " + file);
  auto* area = static_cast<std::byte*>(mmap(nullptr, kBytes + kHuge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  area += kHuge - reinterpret_cast<std::uintptr_t>(area) % kHuge;
  void* to = mmap(area, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  if (to == MAP_FAILED) give_up("cannot map " + file);
  const auto half = [&](std::size_t from) {
    for (std::size_t at = from; at < from + kBytes / 2; at += kPiece) {
      for (std::size_t page = at; page < at + kPiece; page += kHuge)
        if (pwrite(fd, "", 1, static_cast<off_t>(page)) != 1) give_up("cannot write " + file);
      (void)madvise(area + at, kPiece, kCollapse);
      std::memcpy(area + at, m + at, kPiece);
    }
  };
  warm(kBytes);
  const double start = now_ms();
  std::thread other(half, kBytes / 2);
  half(0);
  other.join();
  const double ms = now_ms() - start;
  close(fd);
  unlink(file.c_str());
  return ms;
}

/// The end of a process that has as much memory, from the signal until it is reaped.
double end_of_process() {
  int ready[2];
  if (pipe(ready) != 0) give_up("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    touch(map(MADV_NOHUGEPAGE));
    if (write(ready[1], "", 1) == 1) pause();
    _exit(0);
  }
  char byte;
  if (read(ready[0], &byte, 1) != 1) give_up("no process to end");
  const double start = now_ms();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return now_ms() - start;
}

/// What a process stands still for when it is forked.
double fork_whole(int advice) {
  touch(map(advice));
  const double start = now_ms();
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const double ms = now_ms() - start;
  waitpid(child, nullptr, 0);
  return ms;
}

/// A thousand processes made and ended, each of which writes to as many pages as a program does that only starts.
double fork_thousand() {
  constexpr std::size_t kTouched = 100;
  std::byte* m = map();
  for (std::size_t at = 0; at < kTouched * 4096; at += 4096) m[at] = std::byte{1};
  const double start = now_ms();
  for (int i = 0; i < 1000; ++i)
    if (fork() == 0) {
      for (std::size_t at = 0; at < kTouched * 4096; at += 4096) m[at] = std::byte{2};
      _exit(0);
    }
  while (waitpid(-1, nullptr, 0) > 0) {
  }
  return now_ms() - start;
}

/// A command that does nothing, from fork to exit.
double start_smallest() {
  long peak_kib = 0;
  return run_command({"/bin/true"}, peak_kib);
}

/// In a child: a command that we start counts our own peak of memory as its own (setmax_mm_hiwater_rss() at exec).
template <class F>
double in_child(F measure) {
  int result[2];
  if (pipe(result) != 0) give_up("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    const double ms = measure();
    _exit(write(result[1], &ms, sizeof ms) == sizeof ms ? 0 : 1);
  }
  double ms = 0;
  close(result[1]);
  if (read(result[0], &ms, sizeof ms) != sizeof ms) give_up("a limit could not be measured");
  close(result[0]);
  waitpid(child, nullptr, 0);
  return ms;
}

constexpr double kScale = double{1 << 30} / kBytes;

template <class F>
void add(const char* name, F measure, const char* counter = "ms_per_gib", double scale = kScale) {
  benchmark::RegisterBenchmark(name,
                               [=](benchmark::State& state) {
                                 in_child(measure);  // warm
                                 Series s;
                                 for (auto _ : state) {
                                   const double ms = in_child(measure) * scale;
                                   state.SetIterationTime(ms / 1e3);
                                   s.add(ms);
                                 }
                                 state.counters[counter] = s.median();
                                 state.counters["spread_pct"] = s.spread();
                               })
      ->UseManualTime()
      ->Iterations(5)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void register_limits(const Setting& s) {
  add("limit/memcpy", [] { return copy(); });
  add("limit/copy_to_tmpfs/two_threads", [&s] { return copy_to_huge_file(s.tmpfs); });
  add("limit/end/4k", [] { return end_of_process(); });
  add("limit/fault_in/4k", [] { return fault_in(MADV_NOHUGEPAGE); });
  add("limit/fault_in/huge", [] { return fault_in(MADV_HUGEPAGE); });
  add("limit/fork/4k", [] { return fork_whole(MADV_NOHUGEPAGE); });
  add(
      "limit/fork/1000_processes", [] { return fork_thousand(); }, "all_ms", 1);
  add(
      "limit/exec/true", [] { return start_smallest(); }, "all_ms", 1);
  add("limit/pwrite/tmpfs", [&s] { return write_file(s.tmpfs, false); });
  add("limit/pwrite/disk", [&s] { return write_file(s.disk, false); });
  add("limit/pwrite/disk_durable", [&s] { return write_file(s.disk, true); });
}

}  // namespace cr::bench
