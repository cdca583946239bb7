// Whole huge pages moved between mappings of the calling process.
#pragma once

#include <cstdint>

#include "base/unique_fd.h"

namespace cr::mm {

/// Moves pages that were filled elsewhere to their place (UFFDIO_MOVE). What it cannot do, it says, and the caller
/// fills the place the ordinary way.
class HugeMover {
 public:
  static constexpr std::uint64_t kSize = 2 << 20;

  /// Errors make a mover that is not usable: no userfaultfd(2), kernel before 6.8, huge pages switched off.
  HugeMover();
  bool usable() const { return fd_ && usable_; }
  /// [start, start + size) may become the target of moves; false when it can't. Without effect on faults there.
  bool add_target(std::uint64_t start, std::uint64_t size);
  /// One huge page; false when the kernel did not.
  bool move(std::uint64_t to, std::uint64_t from) const;

 private:
  UniqueFd fd_;
  bool usable_ = false;
};

/// A huge page's worth of memory that asks for a huge page.
class Staging {
 public:
  Staging();
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  std::uint64_t address() const { return at_; }  ///< 0: there is none

 private:
  void* area_ = nullptr;
  std::uint64_t at_ = 0;
};

}  // namespace cr::mm
