// Bringing a new ring of io_uring to where an old one was. Freestanding: the engine does it, or, for a ring that
// belongs to one thread, the restorer in that thread.
#pragma once

#include "arch/host.h"
#include "base/try.h"
#include "files/ring_wire.h"

namespace cr::files {

/// The memory of a new ring, mapped, and what it is to become.
struct RingTurn {
  int fd;
  const RingParams& params;
  std::uint8_t *rings, *sqes;
  const std::uint8_t *saved_rings, *saved_sqes;
  std::uint32_t submitted, completed;

  std::uint32_t load(std::uint32_t offset) const {
    return __atomic_load_n(reinterpret_cast<std::uint32_t*>(rings + offset), __ATOMIC_ACQUIRE);
  }
  void store(std::uint32_t offset, std::uint32_t value) const {
    __atomic_store_n(reinterpret_cast<std::uint32_t*>(rings + offset), value, __ATOMIC_RELEASE);
  }
  /// A word of the saved content.
  std::uint32_t saved(std::uint32_t offset) const {
    std::uint32_t word = 0;
    __builtin_memcpy(&word, saved_rings + offset, sizeof word);
    return word;
  }
};

/// Has the kernel take `count` requests that do nothing. Their results, if they leave any, are taken at once or stay.
inline SysResult run_empty_requests(const RingTurn& t, std::uint32_t count, bool leave_results, bool taken) {
  constexpr std::uint8_t kSkipResult = 1 << 6;  // IOSQE_CQE_SKIP_SUCCESS, 5.17
  const RingParams& p = t.params;
  for (std::uint32_t i = 0; i < p.sq_entries; ++i) t.sqes[i * p.sqe_size() + 1] = leave_results ? 0 : kSkipResult;
  while (count != 0) {
    const std::uint32_t now = count < p.sq_entries ? count : p.sq_entries;
    t.store(p.sq_off.tail, t.load(p.sq_off.tail) + now);
    if (TRY(sys::call(__NR_io_uring_enter, t.fd, now, 0, 0, nullptr, 0)) != static_cast<long>(now)) return -5;  // EIO
    if (taken) t.store(p.cq_off.head, t.load(p.cq_off.tail));
    count -= now;
  }
  return 0;
}

/// Lets the kernel's counters, which it keeps to itself, get to where they were. An eventfd does not hear of it.
inline SysResult turn_counters(const RingTurn& t) {
  constexpr std::uint32_t kEventfdDisabled = 1;  // IORING_CQ_EVENTFD_DISABLED
  const RingParams& p = t.params;
  t.store(p.cq_off.flags, kEventfdDisabled);
  __builtin_memset(t.sqes, 0, p.sqes_size());  // IORING_OP_NOP is 0
  for (std::uint32_t i = 0; p.has_array() && i < p.sq_entries; ++i) t.store(p.array_at(i), i);
  const std::uint32_t unread = t.completed - t.saved(p.cq_off.head);
  TRY(run_empty_requests(t, t.submitted - t.completed, false, false));
  TRY(run_empty_requests(t, t.completed - unread, true, true));
  // The kernel looks ahead for how much room there is, so those that are unread must be in the ring from here on.
  TRY(run_empty_requests(t, unread, true, false));
  return t.load(p.sq_off.head) == t.submitted && t.load(p.cq_off.tail) == t.completed ? 0 : -5;  // EIO
}

/// Everything but the counters of the kernel and its flags.
inline void write_ring_content(const RingTurn& t) {
  const RingParams& p = t.params;
  __builtin_memcpy(t.rings + p.cq_off.cqes, t.saved_rings + p.cq_off.cqes, p.cq_entries * p.cqe_size());
  if (p.has_array()) __builtin_memcpy(t.rings + p.sq_off.array, t.saved_rings + p.sq_off.array, p.sq_entries * 4);
  __builtin_memcpy(t.sqes, t.saved_sqes, p.sqes_size());
  for (std::uint32_t offset : {p.sq_off.tail, p.sq_off.dropped, p.cq_off.overflow, p.cq_off.flags})
    t.store(offset, t.saved(offset));
}

/// Errors: -errno of io_uring_enter(2), -EIO when the ring does something else than it should.
inline SysResult turn_ring(const RingTurn& t) {
  TRY(turn_counters(t));
  write_ring_content(t);
  return 0;
}

}  // namespace cr::files
