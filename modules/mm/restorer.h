// The steps of the restorer that rebuild the address space. They run on a stack and in code that lie in kept ranges,
// after which nothing of the engine but those is mapped. Freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/sys_result.h"
#include "base/try.h"
#include "mm/wire.h"

namespace cr::mm {

inline constexpr long kProtRead = 1, kProtWrite = 2, kProtExec = 4, kMapFixed = 0x10, kMapFixedNoreplace = 0x100000;
inline constexpr long kMremapMayMove = 1, kMremapFixed = 2;

/// Parks the kernel's own pages (vdso, vvar) inside the kept area. First step: they may lie anywhere.
inline SysResult park_vdso(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const VdsoMove& v : s.vdso.in(ctx.arena))
    TRY(sys::call(__NR_mremap, v.from, v.size, v.size, kMremapMayMove | kMremapFixed, v.park));
  return 0;
}

/// Removes everything that is not kept: the engine's program, libraries, heap and stack.
inline SysResult unmap_rest(const BlobCtx& ctx, const RestoreSpace& s) {
  std::uint64_t at = 0;
  for (const Keep& k : s.keep.in(ctx.arena)) {
    if (k.start > at) TRY(sys::call(__NR_munmap, at, k.start - at));
    at = k.end;
  }
  return at < s.task_size ? sys::call(__NR_munmap, at, s.task_size - at) : SysResult(0);
}

/// Calls `f(start, end)` for what lies between the kept ranges. Nobody maps below 64 KiB.
template <class F>
inline SysResult for_each_hole(const BlobCtx& ctx, const RestoreSpace& s, F f) {
  std::uint64_t at = 0x10000;
  for (const Keep& k : s.keep.in(ctx.arena)) {
    if (k.start > at) TRY(f(at, k.start));
    if (k.end > at) at = k.end;
  }
  return s.task_size > at ? f(at, s.task_size) : SysResult(0);
}

/// Maps rings of io_uring. The kernel lets nobody say where (io_uring_get_unmapped_area()), so everything is filled
/// but the place in question. Before other mappings come to their places.
inline SysResult place_rings(const BlobCtx& ctx, const RestoreSpace& s) {
  const auto rings = s.ring_maps.in(ctx.arena);
  if (rings.empty()) return 0;
  constexpr long kFiller = 0x2 | 0x20 | 0x4000;  // MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE
  TRY(for_each_hole(ctx, s, [](std::uint64_t start, std::uint64_t end) {
    return sys::call(__NR_mmap, start, end - start, 0, kFiller | kMapFixedNoreplace, -1, 0);
  }));
  for (const Map& m : rings) {
    TRY(sys::call(__NR_munmap, m.start, m.size));
    const long at = TRY(sys::call(__NR_mmap, 0, m.size, m.prot, m.flags, m.fd, m.offset));
    if (static_cast<std::uint64_t>(at) != m.start) return -12;  // ENOMEM
  }
  return for_each_hole(ctx, s, [&](std::uint64_t start, std::uint64_t end) {
    for (const Map& m : rings) {
      if (m.start < start || m.start >= end) continue;
      if (m.start > start) TRY(sys::call(__NR_munmap, start, m.start - start));
      start = m.start + m.size;
    }
    return start < end ? sys::call(__NR_munmap, start, end - start) : SysResult(0);
  });
}

/// Attaches a System V segment. Of one that was unmapped in part, or has parts with different protections, the parts
/// are moved out of the whole: each counts as an attachment, as it did, and shmdt(2) takes all of them at once.
inline SysResult attach_segment(const BlobCtx& ctx, const Attach& a) {
  TRY(sys::call(__NR_shmat, a.id, a.at, a.flags));
  std::uint64_t at = a.at;
  for (const AttachPart& part : a.parts.in(ctx.arena)) {
    const std::uint64_t from = a.at + part.offset;
    if (from > at) TRY(sys::call(__NR_munmap, at, from - at));
    TRY(sys::call(__NR_mremap, from, part.size, part.size, kMremapMayMove | kMremapFixed, part.start));
    at = from + part.size;
  }
  const std::uint64_t end = a.at + a.segment_size;
  if (at != a.at && end > at) TRY(sys::call(__NR_munmap, at, end - at));
  return 0;
}

/// The kernel makes no second vdso, and there is none that it would move from a 64-bit program to a 32-bit one.
inline SysResult make_compat_vdso(const BlobCtx& ctx, const RestoreSpace& s) {
  const std::uint64_t start = s.compat_vdso.start, size = s.compat_vdso.end - start;
  if (size == 0) return 0;
  for (const VdsoMove& v : s.vdso.in(ctx.arena)) TRY(sys::call(__NR_munmap, v.park, v.size));
  TRY(arch::map_compat_vdso(start));
  return sys::call(__NR_madvise, start, size, 0 /* MADV_NORMAL: ENOMEM when it lies elsewhere */);
}

/// Brings every mapping to its place.
inline SysResult place_mappings(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const Move& m : s.moves.in(ctx.arena))
    TRY(sys::call(__NR_mremap, m.from, m.size, m.size, kMremapMayMove | kMremapFixed, m.to));
  for (const Map& m : s.maps.in(ctx.arena))
    TRY(sys::call(__NR_mmap, m.start, m.size, m.prot, m.flags | kMapFixedNoreplace, m.fd, m.offset));
  for (const Attach& a : s.attaches.in(ctx.arena)) TRY(attach_segment(ctx, a));
  for (const VdsoMove& v : s.vdso.in(ctx.arena))
    if (v.to != 0) TRY(sys::call(__NR_mremap, v.park, v.size, v.size, kMremapMayMove | kMremapFixed, v.to));
  return make_compat_vdso(ctx, s);
}

/// Reads what could not be premapped, and turns an old vdso into a proxy.
inline SysResult fill_mappings(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const Fill& f : s.fills.in(ctx.arena)) {
    for (std::uint64_t done = 0; done < f.size;) {
      long n = TRY(sys::call(__NR_pread64, s.pages_fd, f.start + done, f.size - done, f.offset + done));
      if (n == 0) return -5;  // EIO: the file has become shorter
      done += static_cast<std::uint64_t>(n);
    }
  }
  for (const Poke& p : s.pokes.in(ctx.arena))
    for (std::uint32_t i = 0; i < p.size; ++i) reinterpret_cast<std::uint8_t*>(p.at)[i] = p.bytes[i];
  return 0;
}

/// Lets the kernel's count of a ring's results, which it keeps to itself, get to `tail`: by so many reads of nothing.
inline SysResult turn_ring(std::uint64_t ring, std::uint32_t tail, std::uint32_t fd) {
  struct Iocb {  // struct iocb, include/uapi/linux/aio_abi.h
    std::uint64_t data, key_and_flags;
    std::uint16_t opcode, reqprio;
    std::uint32_t fd;
    std::uint64_t buffer, size, offset, reserved, flags_and_resfd;
  } nothing{};
  static_assert(sizeof(Iocb) == 64);
  nothing.fd = fd;
  const Iocb* list[] = {&nothing};
  volatile AioHeader& header = *reinterpret_cast<AioHeader*>(ring);
  for (std::uint32_t i = 0; i < tail; ++i) {
    TRY(sys::call(__NR_io_submit, ring, 1, list));
    header.head = header.tail;
  }
  return header.tail == tail ? 0 : -5;  // EIO
}

/// Makes a ring of asynchronous I/O at its place, which is kept free by a mapping that says nothing.
inline SysResult restore_ring(const RestoreSpace& s, const AioRingWire& r) {
  std::uint64_t ring = 0;
  TRY(sys::call(__NR_io_setup, r.nr_req, &ring));
  TRY(sys::call(__NR_mremap, ring, r.size, r.size, kMremapMayMove | kMremapFixed, r.start));
  AioHeader saved{};
  TRY(sys::call(__NR_pread64, s.pages_fd, &saved, sizeof saved, r.offset));
  auto& header = *reinterpret_cast<AioHeader*>(r.start);
  if (header.nr != saved.nr || saved.tail >= saved.nr) return -22;  // EINVAL
  TRY(turn_ring(r.start, saved.tail, s.mm_map.exe_fd));
  TRY(sys::call(__NR_pread64, s.pages_fd, r.start + sizeof saved, r.size - sizeof saved, r.offset + sizeof saved));
  header.head = saved.head;
  return 0;
}

/// The rings: before the executable's descriptor is closed, and while their places are known to be free.
inline SysResult restore_rings(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const AioRingWire& r : s.rings.in(ctx.arena)) TRY(restore_ring(s, r));
  return 0;
}

/// Registers memory with rings of io_uring again: once it is there, and while what has content can be written to.
inline SysResult register_memory(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const RegisterWire& r : s.registered.in(ctx.arena))
    TRY(sys::call(427 /* io_uring_register */, r.fd, 0 /* IORING_REGISTER_BUFFERS */, r.iovecs.in(ctx.arena).data(),
                  r.count));
  return 0;
}

inline SysResult advise(const BlobCtx& ctx, const Advice& a) {
  switch (a.kind) {
    case kMadvise:
      return sys::call(__NR_madvise, a.start, a.size, a.value);
    case kMlock2:
      return sys::call(__NR_mlock2, a.start, a.size, a.value);
    case kMseal:
      return sys::call(462, a.start, a.size, 0);
    case kMbind:
      return sys::call(__NR_mbind, a.start, a.size, a.value, ctx.arena + a.extra, 1024, 0);
    case kAnonName:
      return sys::call(__NR_prctl, 0x53564d41 /* PR_SET_VMA */, 0, a.start, a.size, ctx.arena + a.extra);
  }
  return -22;
}

/// All keys up to the last that is wanted, so that the lowest one free is the one for memory that can only be
/// executed, which the kernel itself takes.
inline SysResult take_pkeys(const RestoreSpace& s) {
  for (std::uint32_t left = s.pkeys; left != 0;) {
    const SysResult key = TRY(sys::call(__NR_pkey_alloc, 0, 0));
    left &= ~(1u << key.raw());
  }
  return s.exec_pkey != 0 ? sys::call(__NR_pkey_free, s.exec_pkey) : SysResult(0);
}

inline SysResult drop_other_pkeys(const RestoreSpace& s) {
  for (int key = 1; s.pkeys >> key != 0; ++key)
    if (!(s.pkeys >> key & 1)) TRY(sys::call(__NR_pkey_free, key));
  return 0;
}

/// Final protections, then advice, locks and seals; nothing may be mapped or filled after this.
inline SysResult protect_and_advise(const BlobCtx& ctx, const RestoreSpace& s) {
  TRY(take_pkeys(s));
  for (const Protect& p : s.protects.in(ctx.arena)) {
    if (p.pkey != 0 && p.prot != kProtExec)
      TRY(sys::call(__NR_pkey_mprotect, p.start, p.size, p.prot, p.pkey));
    else
      TRY(sys::call(__NR_mprotect, p.start, p.size, p.prot));
  }
  TRY(drop_other_pkeys(s));
  for (const Advice& a : s.advice.in(ctx.arena)) TRY(advise(ctx, a));
  return 0;
}

/// The mm fields and the exe link (PR_SET_MM, PR_SET_MM_MAP). After the engine's own program was unmapped, because
/// the kernel refuses to replace the link of a file that is still mapped.
inline SysResult set_mm_fields(const BlobCtx& ctx, const RestoreSpace& s) {
  MmMap map = s.mm_map;
  auto auxv = s.auxv.in(ctx.arena);
  map.auxv = reinterpret_cast<std::uint64_t>(auxv.data());
  map.auxv_size = static_cast<std::uint32_t>(auxv.size_bytes());
  return sys::call(__NR_prctl, 35 /* PR_SET_MM */, 14 /* PR_SET_MM_MAP */, &map, sizeof map, 0);
}

/// Local descriptors: before any thread gets a selector of one into its registers.
inline SysResult restore_ldt(const BlobCtx& ctx, const RestoreSpace& s) { return arch::set_ldt(s.ldt.in(ctx.arena)); }

/// mlockall(MCL_FUTURE), once nothing will be mapped any more.
inline SysResult lock_future(const BlobCtx&, const RestoreSpace& s) {
  if (!s.lock_future) return 0;
  return sys::call(__NR_mlockall, s.lock_future);
}

}  // namespace cr::mm
