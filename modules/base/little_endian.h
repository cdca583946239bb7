// Integers in raw bytes of the images: little-endian, whatever the host has.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cr {

/// With its bytes in the opposite order.
template <class T>
constexpr T byte_swapped(T v) {
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(v)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(v)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(v)));
  return v;
}

inline constexpr bool kBigEndianHost = std::endian::native == std::endian::big;

/// From the host's order to that of the images, or back.
template <class T>
constexpr T little_endian(T v) {
  return kBigEndianHost ? byte_swapped(v) : v;
}

/// One integer among raw bytes: where it is, how wide it is.
struct IntegerAt {
  std::size_t offset, size;
};

/// Turns the integers that `layout` names inside of `bytes` around; those beyond the end are left out.
inline void swap_integers(std::span<std::uint8_t> bytes, std::span<const IntegerAt> layout) {
  for (const IntegerAt& i : layout) {
    if (i.offset + i.size > bytes.size()) continue;
    for (std::size_t low = i.offset, high = i.offset + i.size - 1; low < high; ++low, --high) {
      const std::uint8_t byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

/// struct sock_filter {u16 code; u8 jt, jf; u32 k} as one word: a big-endian host's word to that of the images, and
/// back.
constexpr std::uint64_t bpf_from_big_endian(std::uint64_t w) {
  return w >> 48 | (w >> 40 & 0xff) << 16 | (w >> 32 & 0xff) << 24 | w << 32;
}
constexpr std::uint64_t bpf_to_big_endian(std::uint64_t w) {
  return w << 48 | (w >> 16 & 0xff) << 40 | (w >> 24 & 0xff) << 32 | w >> 32;
}
constexpr std::uint64_t bpf_for_image(std::uint64_t w) { return kBigEndianHost ? bpf_from_big_endian(w) : w; }
constexpr std::uint64_t bpf_from_image(std::uint64_t w) { return kBigEndianHost ? bpf_to_big_endian(w) : w; }

}  // namespace cr
