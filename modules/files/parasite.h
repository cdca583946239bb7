// Questions to a ring of io_uring that change nothing. Freestanding: the engine asks by a copy of the descriptor, and
// the parasite in the only thread that gets an answer.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/sys_result.h"
#include "files/ring_wire.h"

namespace cr::files {

/// Groups of buffers that the kernel may choose from: each number is asked for, since no list is shown.
inline void ask_groups(RingAsk& ask) {
  constexpr int kNoEntry = -2;  // ENOENT
  for (ask.group = 0; ask.group <= 0xffff; ++ask.group) {
    RingBufferStatus status{ask.group, 0, {}};
    const long r = sys::call(__NR_io_uring_register, ask.fd, kRegisterPbufStatus, &status, 1).raw();
    ask.group_status = static_cast<std::int32_t>(r);
    if (ask.group_status != kNoEntry) return;
  }
}

inline void ask_ring(RingAsk& ask) {
  const auto registered = [&](std::uint32_t what, const void* argument) {
    return static_cast<std::int32_t>(sys::call(__NR_io_uring_register, ask.fd, what, argument, 1).raw());
  };
  constexpr int kBadNumber = -9, kExists = -17;  // EBADF: no question; EEXIST: it is not this thread's
  ask.bare = registered(kUnregisterEventfd, nullptr);
  if (ask.bare == kBadNumber || ask.bare == kExists) return;
  const std::int32_t none = -1;
  ask.eventfd = registered(kRegisterEventfd, &none);
  ask.region = registered(kRegisterMemRegion, reinterpret_cast<void*>(1));
  ask_groups(ask);
}

struct RingsQueryCommand {
  using Wire = RingsQuery;
  static SysResult run(Wire& wire, Arena arena) {
    constexpr int kBadFd = 77, kExists = 17;  // EBADFD, EEXIST
    wire.numbers = 0;
    for (std::uint32_t n = 0; n < kMaxRingNumbers; ++n) {
      const SysResult r = sys::call(__NR_io_uring_enter, n, 0, 0, kEnterRegisteredRing, nullptr, 0);
      if (r.ok() || r.err() == kBadFd || r.err() == kExists) wire.numbers |= 1u << n;
    }
    for (RingAsk& ask : arena.view(wire.rings)) ask_ring(ask);
    return 0;
  }
};

}  // namespace cr::files
