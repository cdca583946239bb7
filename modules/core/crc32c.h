// CRC32C (Castagnoli, RFC 3720 appendix B.4), by the CPU's instruction where there is one.
// Of Debian's libraries only libisal has it, and not for every architecture we build on; hence our own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>

namespace cr::core {

/// The checksum of `size` more bytes after those that gave `crc` (0 to begin).
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size);

/// The checksum of A followed by B, from the checksums of both and the length of B in bytes.
std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b);

/// The ways to compute it, of which crc32c takes the fastest that this CPU has.
struct Crc32cWay {
  bool available;
  std::uint32_t (*update)(std::uint32_t state, const unsigned char* data, std::size_t size);  ///< state: not inverted
};
/// From the fastest to the one that every CPU has.
std::span<const Crc32cWay> crc32c_ways();

/// Puts a file's checksum together from ranges that parallel workers report in any order. Thread-safe.
class Crc32cRanges {
 public:
  /// Bytes [offset, offset + length) have the checksum `crc`. A range is reported once; overlap spoils the sum.
  void add(std::uint64_t offset, std::uint64_t length, std::uint32_t crc);
  /// The sum of [0, length), when exactly that was reported.
  std::optional<std::uint32_t> whole(std::uint64_t length) const;

 private:
  struct Range {
    std::uint64_t length;
    std::uint32_t crc;
  };
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Range> ranges_;  // by offset; adjacent ones are merged
  bool spoilt_ = false;
};

}  // namespace cr::core
