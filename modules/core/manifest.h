// crengine.manifest: our own list of a set's images with length and CRC32C, next to them and ignored by other
// readers.
//
// Text, so that it can be read, compared and repaired by hand, and needs neither a schema nor protobuf to check it:
//
//   crengine-manifest 1
//   features 0
//   image core-17.img 2244 1a2b3c4d
//   end 5e6f7a8b
//
// Lengths are decimal bytes, features and checksums hexadecimal; `end` carries the CRC32C of all text before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cr::core {

inline constexpr char kManifestName[] = "crengine.manifest";
inline constexpr unsigned kManifestVersion = 1;

/// What a reader must understand to restore the set. A set that needs a bit we don't know is refused: its extension
/// fields (numbers from 1000 up) would be dropped silently. Bits are never reused.
enum FeatureBits : std::uint64_t {
  kNoFeatures = 0,
  kLocalDescriptors = 1 << 8,  ///< mm_entry.cr_ldt
};
/// All bits that this build understands.
inline constexpr std::uint64_t kKnownFeatures = kLocalDescriptors;

struct ManifestEntry {
  std::string name;
  std::uint64_t length = 0;  ///< bytes
  std::uint32_t crc = 0;     ///< CRC32C
};

struct Manifest {
  std::uint64_t features = 0;
  std::vector<ManifestEntry> images;

  std::string to_text() const;
};

/// Reads the text back. Errors: another version, a bit outside `known_features`, a line that is malformed or names no
/// image, a name twice, no `end`, a checksum that differs, text behind it.
Result<Manifest> parse_manifest(std::string_view text, std::uint64_t known_features = kKnownFeatures);

}  // namespace cr::core
