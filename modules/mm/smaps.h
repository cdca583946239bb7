// Parser of /proc/PID/smaps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mm/mm.h"

namespace cr::mm {

/// One mapping as smaps tells it (Documentation/filesystems/proc.rst).
struct SmapsEntry {
  Range range;
  char perms[5] = "";        ///< "rw-p"
  std::uint64_t offset = 0;  ///< bytes
  std::uint32_t major = 0, minor = 0;
  std::uint64_t inode = 0;
  std::string path;                ///< "" for plain anonymous memory, "[heap]", "/path (deleted)", ...
  int pkey = -1;                   ///< ProtectionKey; -1: the machine has no keys
  std::uint64_t page_size = 4096;  ///< KernelPageSize, bytes
  bool unshared = true;            ///< no page is mapped twice (Shared_*), and none is in swap, which may be shared
  std::vector<std::string> vm_flags;  ///< two-letter codes

  /// MLOCK_ONFAULT. Kernels without a name for it (6.1) show two question marks, and no other flag of a locked
  /// mapping does.
  bool locks_on_fault() const { return has("lf") || (has("lo") && has("??")); }
  bool has(std::string_view flag) const;
};

/// Errors: a line that is not of the known form, quoted.
Result<std::vector<SmapsEntry>> parse_smaps(std::string_view text);

/// The Vma of an entry, without its file: protection, MAP_ flags, status, madvise bits. Errors: what the engine
/// can't carry (device memory, userfaultfd, shadow stack, ...), naming `pid`, the range and the kind.
Result<Vma> to_vma(const SmapsEntry&, HostPid pid);
/// Memory whose pages the kernel may drop at any time (MAP_DROPPABLE, Linux 6.11).
bool is_droppable(const Vma& v);

}  // namespace cr::mm
