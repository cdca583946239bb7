#include "core/crc32c.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>

#include "arch/host.h"

namespace cr::core {
namespace {

// Bit-reflected arithmetic modulo the polynomial: bit 31 is x^0.
constexpr std::uint32_t kPolynomial = 0x82f63b78;
constexpr std::uint32_t kOne = 0x80000000;

constexpr std::uint32_t times_x(std::uint32_t a) { return (a >> 1) ^ (a & 1 ? kPolynomial : 0); }

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a; a <<= 1) {
    if (a & kOne) product ^= b;
    b = times_x(b);
  }
  return product;
}

// kByteShift[k] = x^(8 * 2^k): what 2^k zero bytes do to a checksum.
constexpr auto kByteShift = [] {
  std::array<std::uint32_t, 64> t{};
  t[0] = kOne >> 8;
  for (std::size_t k = 1; k < t.size(); ++k) t[k] = multiply(t[k - 1], t[k - 1]);
  return t;
}();

constexpr std::uint32_t shift_factor(std::uint64_t bytes) {
  std::uint32_t factor = kOne;
  for (; bytes; bytes &= bytes - 1) factor = multiply(factor, kByteShift[std::countr_zero(bytes)]);
  return factor;
}

using Table = std::array<std::array<std::uint32_t, 256>, 8>;
// kSlices[k][b]: byte b followed by k zero bytes.
constexpr Table kSlices = [] {
  Table t{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t c = b;
    for (int i = 0; i < 8; ++i) c = times_x(c);
    t[0][b] = c;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t b = 0; b < 256; ++b) t[k][b] = (t[k - 1][b] >> 8) ^ t[0][t[k - 1][b] & 0xff];
  return t;
}();

std::uint64_t load64(const unsigned char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

std::uint32_t update_portable(std::uint32_t state, const unsigned char* p, std::size_t size) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; size >= 8; size -= 8, p += 8) {
      const std::uint64_t v = load64(p) ^ state;
      state = 0;
      for (int k = 0; k < 8; ++k) state ^= kSlices[7 - k][(v >> (8 * k)) & 0xff];
    }
  }
  for (; size; --size) state = (state >> 8) ^ kSlices[0][(state ^ *p++) & 0xff];
  return state;
}

// Bytes of one lane (arch/x86_64/crc32c.h); three are a page of 4 KiB less 16 bytes.
constexpr std::size_t kLane = 1360;

constexpr auto kLaneShift = [] {
  std::array<std::array<std::uint32_t, 256>, 4> t{};
  for (std::uint32_t k = 0; k < 4; ++k)
    for (std::uint32_t b = 0; b < 256; ++b) t[k][b] = multiply(shift_factor(kLane), b << (8 * k));
  return t;
}();

std::uint32_t shift_lane(std::uint32_t s) {
  return kLaneShift[0][s & 0xff] ^ kLaneShift[1][(s >> 8) & 0xff] ^ kLaneShift[2][(s >> 16) & 0xff] ^
         kLaneShift[3][s >> 24];
}

constexpr std::size_t kFold = arch::kCrc32cFold;

/// x^(8 * bytes + 7), as the factor of a carry-less multiplication.
constexpr std::uint64_t fold_key(std::uint64_t bytes) {
  std::uint32_t factor = shift_factor(bytes);
  for (int i = 0; i < 7; ++i) factor = times_x(factor);
  return std::uint64_t{factor} << 32;
}

std::uint32_t update_folding(std::uint32_t state, const unsigned char* p, std::size_t size) {
  const std::size_t folded = size / kFold * kFold;
  // x^2111 and x^2047: what moves the halves of 16 bytes over kFold bytes; a product of reflected numbers has one x
  // more.
  constexpr std::uint64_t kLow = fold_key(kFold + 7), kHigh = fold_key(kFold - 1);
  state = arch::crc32c_fold(state, p, folded, kLow, kHigh);
  return arch::crc32c_serial(state, p + folded, size - folded);
}

std::uint32_t update_by_lanes(std::uint32_t state, const unsigned char* p, std::size_t size) {
  for (; size >= 3 * kLane; size -= 3 * kLane, p += 3 * kLane) {
    std::uint32_t lanes[3] = {state, 0, 0};
    arch::crc32c_lanes(lanes, p, kLane);
    state = shift_lane(shift_lane(lanes[0]) ^ lanes[1]) ^ lanes[2];
  }
  return arch::crc32c_serial(state, p, size);
}

}  // namespace

std::span<const Crc32cWay> crc32c_ways() {
  static const Crc32cWay ways[] = {{arch::crc32c_fold_available(), update_folding},
                                   {arch::crc32c_available(), update_by_lanes},
                                   {true, update_portable}};
  return ways;
}

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) {
  static const auto update = std::ranges::find_if(crc32c_ways(), &Crc32cWay::available)->update;
  return ~update(~crc, static_cast<const unsigned char*>(data), size);
}

std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b) {
  return multiply(shift_factor(length_b), crc_a) ^ crc_b;
}

void Crc32cRanges::add(std::uint64_t offset, std::uint64_t length, std::uint32_t crc) {
  if (length == 0) return;
  const std::lock_guard lock(mutex_);
  auto next = ranges_.lower_bound(offset);
  if (next != ranges_.end() && next->first < offset + length) spoilt_ = true;
  if (next != ranges_.begin()) {
    const auto prev = std::prev(next);
    if (prev->first + prev->second.length > offset) spoilt_ = true;
    if (prev->first + prev->second.length == offset) {
      crc = crc32c_combine(prev->second.crc, crc, length);
      offset = prev->first;
      length += prev->second.length;
      ranges_.erase(prev);
    }
  }
  if (next != ranges_.end() && next->first == offset + length) {
    crc = crc32c_combine(crc, next->second.crc, next->second.length);
    length += next->second.length;
    ranges_.erase(next);
  }
  if (!spoilt_) ranges_[offset] = {length, crc};
}

std::optional<std::uint32_t> Crc32cRanges::whole(std::uint64_t length) const {
  const std::lock_guard lock(mutex_);
  if (length == 0 && ranges_.empty() && !spoilt_) return 0;
  if (spoilt_ || ranges_.size() != 1) return std::nullopt;
  const auto& [offset, range] = *ranges_.begin();
  if (offset != 0 || range.length != length) return std::nullopt;
  return range.crc;
}

}  // namespace cr::core
