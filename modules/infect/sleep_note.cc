#include "infect/sleep_note.h"

#include <sys/ptrace.h>
#include <time.h>

#include "infect/tracee.h"

namespace cr::infect {
namespace {

constexpr unsigned kSumBits = 20, kUnitBits = 14;  // 16 us; 44 bits of them are nine years
constexpr std::uint64_t kSumMask = (1ull << kSumBits) - 1;

std::uint64_t sum_of(const arch::Regs& regs, std::uint64_t mark) {
  std::uint64_t sum = 0;
  auto mix = [&sum](std::uint64_t word) { sum = (sum ^ word) * 0x9e3779b97f4a7c15ull, sum ^= sum >> 29; };
  mix(arch::ip(regs));
  mix(arch::sp(regs));
  constexpr int kSleepArguments = 4;
  for (int i = 0; i < kSleepArguments; ++i) mix(arch::syscall_arg(regs, i));
  if (mark != 0) mix(mark);
  return sum & kSumMask;
}

}  // namespace

void note_due(HostPid tid, const arch::Regs& regs, std::uint64_t monotonic_ns, std::uint64_t mark) {
  if constexpr (arch::kSpareWord != 0)
    (void)ptrace_request(PTRACE_POKEUSER, tid, arch::kSpareWord,
                         (monotonic_ns >> kUnitBits) << kSumBits | sum_of(regs, mark));
}

std::optional<std::uint64_t> noted_due(HostPid tid, const arch::Regs& regs, std::uint64_t now_ns,
                                       std::uint64_t mark) {
  if constexpr (arch::kSpareWord == 0) return std::nullopt;
  std::uint64_t note = 0;
  if (!ptrace_request(PTRACE_PEEKUSER, tid, arch::kSpareWord, &note).ok()) return std::nullopt;
  const std::uint64_t due = (note >> kSumBits) << kUnitBits;
  if ((note & kSumMask) != sum_of(regs, mark) || due <= now_ns) return std::nullopt;
  return due;
}

std::uint64_t monotonic_now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace cr::infect
