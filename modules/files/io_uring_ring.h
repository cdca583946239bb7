// One io_uring as the engine handles it: the three system calls, and the memory that it shares with the kernel. Used
// on the target's rings by a copied descriptor, and on those that the engine makes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::files {

// include/uapi/linux/io_uring.h; our own spelling, since the installed headers are older than some of it.
enum RingSetup : std::uint32_t {
  kSetupCqSize = 1u << 3,
  kSetupSubmitAll = 1u << 7,   // 5.18
  kSetupSqe128 = 1u << 10,     // 5.19
  kSetupCqe32 = 1u << 11,      // 5.19
  kSetupNoSqArray = 1u << 16,  // 6.6
};
enum RingRegister : std::uint32_t {
  kRegisterBuffers = 0,
  kRegisterFiles = 2,
  kRegisterEventfd = 4,
  kUnregisterEventfd = 5,
  kRegisterPbufStatus = 26,  // 6.8
  kRegisterMemRegion = 34,   // 6.13
};

/// struct io_uring_params.
struct RingParams {
  std::uint32_t sq_entries = 0, cq_entries = 0, flags = 0, sq_thread_cpu = 0, sq_thread_idle = 0, features = 0,
                wq_fd = 0, resv[3] = {};
  struct SqOffsets {
    std::uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
    std::uint64_t user_addr;
  } sq_off{};
  struct CqOffsets {
    std::uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
    std::uint64_t user_addr;
  } cq_off{};

  std::size_t sqe_size() const { return flags & kSetupSqe128 ? 128 : 64; }
  std::size_t cqe_size() const { return flags & kSetupCqe32 ? 32 : 16; }
  bool has_array() const { return (flags & kSetupNoSqArray) == 0; }
  /// Bytes at IORING_OFF_SQ_RING, results included, and at IORING_OFF_SQES.
  std::size_t rings_size() const;
  std::size_t sqes_size() const { return sq_entries * sqe_size(); }
};
static_assert(sizeof(RingParams) == 120);

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
  std::uint32_t array_at(std::uint32_t index) const {
    return params_.sq_off.array + 4 * (index & (params_.sq_entries - 1));
  }

 private:
  RingView(const RingParams& params) : params_(params) {}
  std::uint32_t* word(std::uint32_t offset) const { return reinterpret_cast<std::uint32_t*>(rings_.data() + offset); }

  RingParams params_;
  std::span<std::uint8_t> rings_{}, sqes_{};
};

}  // namespace cr::files
