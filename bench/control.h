// What a benchmark and its victim tell each other: one page of a file that both have mapped, so that it outlives dump
// and restore.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cr::bench {

enum class Order : std::uint32_t { kNone, kHash, kExit };

struct Control {
  std::atomic<Order> order;            ///< set by the benchmark, back to kNone when done
  std::atomic<std::uint32_t> ready;    ///< tasks that have set up
  std::atomic<std::uint64_t> hash;     ///< of the memory of all tasks, answer to kHash
  std::atomic<std::uint64_t> gap_ns;   ///< largest time between two stamps of the clock since it was last set to 0
  std::atomic<std::uint64_t> last_ns;  ///< the last stamp
  std::atomic<std::uint64_t> written;  ///< pages that the writing thread has written
};

/// Hash of memory, a word at a time, so that no two places can be exchanged unseen.
inline std::uint64_t hash_of(const void* memory, std::size_t bytes) {
  const auto* words = static_cast<const std::uint64_t*>(memory);
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  for (std::size_t i = 0; i + 4 <= bytes / 8; i += 4)
    for (std::size_t k = 0; k < 4; ++k)
      lanes[k] = (lanes[k] ^ words[i + k]) * 0x9e3779b97f4a7c15ull + (lanes[k] >> 29);
  return lanes[0] ^ lanes[1] * 3 ^ lanes[2] * 5 ^ lanes[3] * 7;
}

/// Content that nothing can compress or find twice.
inline void fill_random(void* memory, std::size_t bytes, std::uint64_t seed) {
  auto* words = static_cast<std::uint64_t*>(memory);
  std::uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;
  for (std::size_t i = 0; i < bytes / 8; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    words[i] = x;
  }
}

}  // namespace cr::bench
