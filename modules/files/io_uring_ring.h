// One io_uring as the engine handles it: the three system calls, and the memory that it shares with the kernel. Used
// on the target's rings by a copied descriptor, and on those that the engine makes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "files/ring_wire.h"

namespace cr::files {

/// io_uring_setup(2) with the sizes and flags of `params`, which gets the kernel's answer. Errors: those of the call.
Result<UniqueFd> make_ring(RingParams& params, const std::string& object);
/// io_uring_enter(2) and io_uring_register(2), as the kernel answers them: -errno or a number.
long enter_ring(int fd, std::uint32_t submit, std::uint32_t flags, const void* argument = nullptr,
                std::size_t size = 0);
long register_ring(int fd, std::uint32_t opcode, const void* argument, std::uint32_t count);

/// The memory of a ring, mapped by the engine.
class RingView {
 public:
  /// Errors: mmap(2).
  static Result<RingView> map(int fd, const RingParams& params, const std::string& object);
  RingView(RingView&& other) noexcept;
  RingView& operator=(RingView&&) = delete;
  ~RingView();

  const RingParams& params() const { return params_; }
  std::span<std::uint8_t> rings() const { return rings_; }
  std::span<std::uint8_t> sqes() const { return sqes_; }
  /// A word of the rings at an offset of sq_off or cq_off.
  std::uint32_t load(std::uint32_t offset) const { return __atomic_load_n(word(offset), __ATOMIC_ACQUIRE); }
  void store(std::uint32_t offset, std::uint32_t value) const {
    __atomic_store_n(word(offset), value, __ATOMIC_RELEASE);
  }

 private:
  RingView(const RingParams& params) : params_(params) {}
  std::uint32_t* word(std::uint32_t offset) const { return reinterpret_cast<std::uint32_t*>(rings_.data() + offset); }

  RingParams params_;
  std::span<std::uint8_t> rings_{}, sqes_{};
};

}  // namespace cr::files
