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
  kExitedLeaders = 1 << 9,     ///< task_core_entry.task_state 1000
  kSemaphoreUndo = 1 << 12,    ///< ipc_sem_entry.cr_undo
  kHostIpc = 1 << 13,          ///< ipcns-* of a namespace that is not the tree's own
  kMessageQueues = 1 << 14,    ///< file_entry.cr_mq
  kGroupsDenied = 1 << 15,     ///< userns_entry.cr_groups_denied
  kProtectionKeys = 1 << 17,   ///< mm_entry.cr_pkeys
  kXtTables = 1 << 20,         ///< netns_entry.cr_xt_tables
  kHiddenMounts = 1 << 21,     ///< mnt_entry.cr_hidden
  kPidLevels = 1 << 24,        ///< pstree_entry.cr_levels, cr_threads, cr_children_init
  kChildUsers = 1 << 25,       ///< userns-* of user namespaces below that of the tree
  kKeyrings = 1 << 26,         ///< task_core_entry.keyrings
  kInnerProc = 1 << 27,        ///< mnt_entry.cr_pid_ns
  kTcpWaiting = 1 << 28,       ///< inet_sk_entry.cr_waiting
  kStoredOnce = 1 << 29,       ///< pagemap_entry.flags with kPeInherited
};
/// All bits that this build understands.
inline constexpr std::uint64_t kKnownFeatures = kLocalDescriptors | kExitedLeaders | kSemaphoreUndo | kHostIpc |
                                                kMessageQueues | kGroupsDenied | kProtectionKeys | kXtTables |
                                                kHiddenMounts | kPidLevels | kChildUsers | kKeyrings | kInnerProc |
                                                kTcpWaiting | kStoredOnce;

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
