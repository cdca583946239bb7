// Steps of the restorer that open descriptors. Freestanding.
//
// Order: restore_thread in each thread; open_belated once per table, when all threads of the tree exist, before
// limits and credentials are those of the program.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/try.h"
#include "files/ring_restorer.h"
#include "files/wire.h"

namespace cr::files {

inline constexpr int kCloexec = 02000000;  // O_CLOEXEC

inline bool is_copy(const BelatedWire& d) { return d.tid == 0 && d.name.count == 0; }

inline SysResult put(long fd, const BelatedWire& d) {
  const SysResult put = sys::call(__NR_dup3, fd, d.number, d.cloexec ? kCloexec : 0);
  (void)sys::call(__NR_close, fd);
  return put;
}

inline SysResult open_one(const BlobCtx& ctx, const BelatedWire& d) {
  if (d.tid != 0) return put(TRY(sys::call(__NR_pidfd_open, d.tid, d.flags)), d);
  const long fd = TRY(sys::call(__NR_openat, d.number, d.name.in(ctx.arena).data(), d.flags | kCloexec, 0));
  if (d.pos != 0) TRY(sys::call(__NR_lseek, fd, d.pos, 0 /* SEEK_SET */));
  return put(fd, d);
}

/// The lender is not ready as long as it has the placeholder, which is one description with ours.
template <class Nap>
SysResult take_one(const BelatedWire& d, Nap nap) {
  const long self = sys::call(__NR_getpid).raw();
  while (TRY(sys::call(__NR_kcmp, self, d.lender, 0 /* KCMP_FILE */, d.number, d.other_number)) == 0) nap();
  const long lender = TRY(sys::call(__NR_pidfd_open, d.lender, 0));
  const SysResult fd = sys::call(__NR_pidfd_getfd, lender, d.other_number, 0);
  (void)sys::call(__NR_close, lender);
  return put(TRY(fd), d);
}

/// `nap()` lets others go on for a moment.
template <class Nap>
SysResult open_belated(const BlobCtx& ctx, const RestoreProcess& p, Nap nap) {
  // One's own first: the others may be waiting for them.
  for (const BelatedWire& d : p.belated.in(ctx.arena))
    if (!is_copy(d)) TRY(open_one(ctx, d));
  for (const BelatedWire& d : p.belated.in(ctx.arena)) {
    if (!is_copy(d)) continue;
    if (d.lender != 0)
      TRY(take_one(d, nap));
    else
      TRY(sys::call(__NR_dup3, d.other_number, d.number, d.cloexec ? kCloexec : 0));
  }
  return 0;
}

/// Makes the ring that of the calling thread, and what it was.
inline SysResult start_ring(const BlobCtx& ctx, const RingWire& w) {
  constexpr long kReadWrite = 3, kShared = 1;
  const long rings_size = static_cast<long>(w.params.rings_size()),
             sqes_size = static_cast<long>(w.params.sqes_size());
  TRY(sys::call(__NR_io_uring_register, w.fd, kEnableRings, nullptr, 0));
  const long rings = TRY(sys::call(__NR_mmap, 0, rings_size, kReadWrite, kShared, w.fd, kOffsetSqRing));
  const long sqes = TRY(sys::call(__NR_mmap, 0, sqes_size, kReadWrite, kShared, w.fd, kOffsetSqes));
  const auto bytes = [&](RelSpan<char> s) { return reinterpret_cast<const std::uint8_t*>(s.in(ctx.arena).data()); };
  TRY(turn_ring({w.fd, w.params, reinterpret_cast<std::uint8_t*>(rings), reinterpret_cast<std::uint8_t*>(sqes),
                 bytes(w.rings), bytes(w.sqes), w.submitted, w.completed}));
  TRY(sys::call(__NR_munmap, rings, rings_size));
  return sys::call(__NR_munmap, sqes, sqes_size);
}

inline SysResult restore_thread(const BlobCtx& ctx, const RestoreThread& t) {
  for (const RingWire& w : t.rings.in(ctx.arena)) TRY(start_ring(ctx, w));
  for (const RingNumberWire& w : t.ring_numbers.in(ctx.arena)) {
    const RingNumberUpdate update{w.number, 0, static_cast<std::uint64_t>(w.fd)};
    TRY(sys::call(__NR_io_uring_register, w.fd, kRegisterRingFds, &update, 1));
  }
  return 0;
}

}  // namespace cr::files
