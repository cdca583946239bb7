// The CRC32C instruction of SSE4.2, and folding by VPCLMULQDQ. Every backend has these functions; one without an
// instruction says so in crc32c_available() and crc32c_fold_available() and is not asked again. States are the raw
// register, without the inversion at both ends.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cr::arch::x86_64 {

inline bool crc32c_available() { return __builtin_cpu_supports("sse4.2"); }

/// Takes `size` bytes into `state`, one after the other.
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_serial(std::uint32_t state, const unsigned char* p,
                                                                     std::size_t size) {
  std::uint64_t v;
  for (; size >= 8; size -= 8, p += 8) {
    __builtin_memcpy(&v, p, 8);
    state = static_cast<std::uint32_t>(__builtin_ia32_crc32di(state, v));
  }
  for (; size; --size) state = __builtin_ia32_crc32qi(state, *p++);
  return state;
}

/// Takes three adjacent blocks of `lane` bytes (a multiple of 8) into three states: the instruction takes three
/// cycles and a new one can start in each.
__attribute__((target("sse4.2"))) inline void crc32c_lanes(std::uint32_t (&state)[3], const unsigned char* p,
                                                           std::size_t lane) {
  std::uint64_t a = state[0], b = state[1], c = state[2], v[3];
  for (const unsigned char* end = p + lane; p != end; p += 8) {
    __builtin_memcpy(&v[0], p, 8);
    __builtin_memcpy(&v[1], p + lane, 8);
    __builtin_memcpy(&v[2], p + 2 * lane, 8);
    a = __builtin_ia32_crc32di(a, v[0]);
    b = __builtin_ia32_crc32di(b, v[1]);
    c = __builtin_ia32_crc32di(c, v[2]);
  }
  state[0] = static_cast<std::uint32_t>(a);
  state[1] = static_cast<std::uint32_t>(b);
  state[2] = static_cast<std::uint32_t>(c);
}

inline constexpr std::size_t kCrc32cFold = 256;  ///< bytes that are folded at once

/// Whether the CPU multiplies 64 bytes at once (VPCLMULQDQ with AVX512F).
bool crc32c_fold_available();

/// Takes `size` bytes, a multiple of kCrc32cFold, into `state`. `low` and `high`: what moves the first and the second
/// half of 16 bytes over kCrc32cFold bytes, x^2111 and x^2047 modulo the polynomial, bit 63 being x^0.
std::uint32_t crc32c_fold(std::uint32_t state, const unsigned char* p, std::size_t size, std::uint64_t low,
                          std::uint64_t high);

}  // namespace cr::arch::x86_64
