// A point in time after which waiting is given up.
#pragma once

#include <time.h>

#include <cstdint>
#include <limits>

namespace cr {

/// Time of CLOCK_MONOTONIC, so that nobody's change of the wall clock ends a wait.
class Deadline {
 public:
  /// Never passes.
  constexpr Deadline() = default;
  /// `seconds` from now; 0 never passes, as with the option --timeout.
  static Deadline after_seconds(unsigned seconds) {
    Deadline d;
    if (seconds > 0) d.at_ns_ = now_ns() + std::int64_t{seconds} * kSecond;
    return d;
  }

  bool is_set() const { return at_ns_ != kNever; }
  bool passed() const { return is_set() && now_ns() >= at_ns_; }

  /// For poll(2): -1 when it never passes, otherwise what remains, rounded up so that a wait ends after the deadline.
  int poll_ms() const {
    if (!is_set()) return -1;
    std::int64_t left = left_ns();
    if (left > std::int64_t{std::numeric_limits<int>::max()} * kMillisecond) return std::numeric_limits<int>::max();
    return static_cast<int>((left + kMillisecond - 1) / kMillisecond);
  }

  /// For ppoll, sigtimedwait, futex: what remains; fills `*buffer` and returns it, or null when it never passes.
  const timespec* timeout(timespec* buffer) const {
    if (!is_set()) return nullptr;
    std::int64_t left = left_ns();
    *buffer = {static_cast<time_t>(left / kSecond), static_cast<long>(left % kSecond)};
    return buffer;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  static constexpr std::int64_t kMillisecond = 1'000'000;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  static std::int64_t now_ns() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * kSecond + t.tv_nsec;
  }
  std::int64_t left_ns() const {
    std::int64_t left = at_ns_ - now_ns();
    return left > 0 ? left : 0;
  }

  std::int64_t at_ns_ = kNever;
};

}  // namespace cr
