// Two byte sequences in the target's own code: `syscall; ret` and rt_sigreturn. With them a thread can be made to run
// a system call and come back to itself without a byte of its text being changed.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "infect/target_maps.h"

namespace cr::infect {

struct Gadgets {
  std::uint64_t syscall_ret = 0;  ///< address of arch::kSyscallRet, 0: not found
  std::uint64_t sigreturn = 0;    ///< address of arch::kSigreturn
  bool complete() const { return syscall_ret != 0 && sigreturn != 0; }
};

/// Remembers where a file's code holds the gadgets, so that a tree of processes with one C library scans it once.
/// What it says is checked against the target's memory before use.
class GadgetCache {
 public:
  struct Key {
    std::uint64_t device, inode, offset;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Found {
    std::optional<std::uint64_t> syscall_ret, sigreturn;  ///< from the mapping's start
  };
  const Found* find(const Key& key) const {
    auto it = found_.find(key);
    return it == found_.end() ? nullptr : &it->second;
  }
  void add(const Key& key, const Found& found) { found_[key] = found; }

 private:
  std::map<Key, Found> found_;
};

/// Looks through the executable mappings: the one that `ip` is in, C libraries, other files, the vdso.
Gadgets find_gadgets(const std::vector<TargetMapping>& maps, std::uint64_t ip, int mem_fd, GadgetCache& cache);

/// Bytes written over zero padding, to be put back.
struct Padding {
  std::uint64_t address = 0;
  std::size_t size = 0;
};
/// For programs without a C library: writes both gadgets into the zero bytes at the end of the vdso or of another
/// private executable mapping (through /proc/PID/mem, FOLL_FORCE). ENOENT when there is no such place.
Result<Padding> plant_gadgets(const std::vector<TargetMapping>& maps, int mem_fd, Gadgets& gadgets);
/// Makes it zero again.
void remove_planted(const Padding& padding, int mem_fd);

}  // namespace cr::infect
