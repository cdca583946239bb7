// What a ring of io_uring(7) is made of: flags, calls and the layout of its memory, as include/uapi/linux/io_uring.h
// has them, our own spelling, since the installed headers are older than some of it; and what crosses into parasite
// and restorer. Freestanding.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/command.h"
#include "base/rel_span.h"

namespace cr::files {

enum RingSetup : std::uint32_t {
  kSetupCqSize = 1u << 3,
  kSetupDisabled = 1u << 6,       // 5.10
  kSetupSubmitAll = 1u << 7,      // 5.18
  kSetupTaskrunFlag = 1u << 9,    // 5.19
  kSetupSqe128 = 1u << 10,        // 5.19
  kSetupCqe32 = 1u << 11,         // 5.19
  kSetupSingleIssuer = 1u << 12,  // 6.0
  kSetupDeferTaskrun = 1u << 13,  // 6.1
  kSetupNoSqArray = 1u << 16,     // 6.6
};
enum RingRegister : std::uint32_t {
  kRegisterBuffers = 0,
  kRegisterFiles = 2,
  kRegisterEventfd = 4,
  kUnregisterEventfd = 5,
  kEnableRings = 12,
  kRegisterRingFds = 20,     // 5.18
  kRegisterPbufStatus = 26,  // 6.8
  kRegisterMemRegion = 34,   // 6.13
};
enum RingEnter : std::uint32_t { kEnterGetevents = 1u << 0, kEnterExtArg = 1u << 3, kEnterRegisteredRing = 1u << 4 };

inline constexpr std::uint64_t kOffsetSqRing = 0, kOffsetSqes = 0x10000000;
inline constexpr std::uint32_t kMaxRingNumbers = 16;  ///< of IORING_REGISTER_RING_FDS, for each thread

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
  bool has_one_thread() const { return (flags & kSetupSingleIssuer) != 0; }
  /// Bytes at IORING_OFF_SQ_RING, results included, and at IORING_OFF_SQES.
  std::size_t rings_size() const {
    const std::size_t results = cq_off.cqes + cq_entries * cqe_size(), array = sq_off.array + sq_entries * 4;
    return has_array() && array > results ? array : results;
  }
  std::size_t sqes_size() const { return sq_entries * sqe_size(); }
  /// Where the rings have the place of an entry.
  std::uint32_t array_at(std::uint32_t index) const { return sq_off.array + 4 * (index & (sq_entries - 1)); }
};
static_assert(sizeof(RingParams) == 120);

/// struct io_uring_buf_status.
struct RingBufferStatus {
  std::uint32_t group, head, resv[8];
};
static_assert(sizeof(RingBufferStatus) == 40);

/// struct io_uring_rsrc_update, for IORING_REGISTER_RING_FDS.
struct RingNumberUpdate {
  std::uint32_t number, resv;
  std::uint64_t fd;
};
static_assert(sizeof(RingNumberUpdate) == 16);

/// A ring of io_uring that only one thread may use: it is new and not enabled, and that thread turns it.
struct RingWire {
  std::int32_t fd;
  std::uint32_t submitted, completed, pad;
  RelSpan<char> rings, sqes;  ///< what it had
  RingParams params;
};
static_assert(sizeof(RingWire) == 152);

/// A ring that a thread has registered for itself (IORING_REGISTER_RING_FDS).
struct RingNumberWire {
  std::int32_t fd;
  std::uint32_t number;
};

/// Dump: what the ring at `fd` tells to a thread, by calls that change nothing; see io_uring_probe.h. Outcomes are
/// those of the kernel: a number or -errno.
struct RingAsk {
  std::int32_t fd;
  std::int32_t bare;             ///< a call that always fails
  std::int32_t eventfd, region;  ///< registering another one
  std::uint32_t group;           ///< the first group of buffers with another outcome than ENOENT
  std::int32_t group_status;
};
static_assert(sizeof(RingAsk) == 24);

struct RingsQuery {
  static constexpr char kName[] = "files.rings";
  static constexpr std::uint32_t kCommand = command_id(kName);
  RelSpan<RingAsk> rings;
  std::uint32_t numbers;  ///< out: bit n: a ring is registered as number n of the thread
  std::uint32_t pad;
};
static_assert(sizeof(RingsQuery) == 16);

}  // namespace cr::files
