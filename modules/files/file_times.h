// Times of files as the images have them where the format has no place of its own: nanoseconds since the epoch.
#pragma once

#include <cstdint>
#include <ctime>

namespace cr::files {

inline constexpr std::int64_t kSecondInNs = 1'000'000'000;

inline std::int64_t to_ns(const timespec& t) { return t.tv_sec * kSecondInNs + t.tv_nsec; }

inline timespec from_ns(std::int64_t ns) {
  const std::int64_t below = (ns % kSecondInNs + kSecondInNs) % kSecondInNs;
  return {(ns - below) / kSecondInNs, below};
}

}  // namespace cr::files
