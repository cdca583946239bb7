// The CRC32C instructions of ARMv8.1 (optional in 8.0). States are the raw register, without the inversion at both
// ends.
#pragma once

#include <sys/auxv.h>

#include <cstddef>
#include <cstdint>

namespace cr::arch::aarch64 {

inline bool crc32c_available() {
  constexpr unsigned long kCrc32 = 1 << 7;  // HWCAP_CRC32
  return (getauxval(AT_HWCAP) & kCrc32) != 0;
}

inline std::uint32_t crc32c_word(std::uint32_t state, std::uint64_t word) {
  asm(".arch_extension crc\n"
      "crc32cx %w0, %w0, %1"
      : "+r"(state)
      : "r"(word));
  return state;
}

inline std::uint32_t crc32c_byte(std::uint32_t state, std::uint32_t byte) {
  asm(".arch_extension crc\n"
      "crc32cb %w0, %w0, %w1"
      : "+r"(state)
      : "r"(byte));
  return state;
}

/// Takes `size` bytes into `state`, one after the other.
inline std::uint32_t crc32c_serial(std::uint32_t state, const unsigned char* p, std::size_t size) {
  std::uint64_t v;
  for (; size >= 8; size -= 8, p += 8) {
    __builtin_memcpy(&v, p, 8);
    state = crc32c_word(state, v);
  }
  for (; size; --size) state = crc32c_byte(state, *p++);
  return state;
}

/// Takes three adjacent blocks of `lane` bytes (a multiple of 8) into three states: the instruction takes some
/// cycles and a new one can start in each.
inline void crc32c_lanes(std::uint32_t (&state)[3], const unsigned char* p, std::size_t lane) {
  std::uint64_t v[3];
  for (const unsigned char* end = p + lane; p != end; p += 8) {
    __builtin_memcpy(&v[0], p, 8);
    __builtin_memcpy(&v[1], p + lane, 8);
    __builtin_memcpy(&v[2], p + 2 * lane, 8);
    for (int i = 0; i < 3; ++i) state[i] = crc32c_word(state[i], v[i]);
  }
}

}  // namespace cr::arch::aarch64
