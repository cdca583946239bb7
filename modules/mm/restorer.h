// The steps of the restorer that rebuild the address space. They run on a stack and in code that lie in kept ranges,
// after which nothing of the engine but those is mapped. Freestanding.
#pragma once

#include "arch/host.h"
#include "base/rel_span.h"
#include "base/sys_result.h"
#include "base/try.h"
#include "mm/wire.h"

namespace cr::mm {

inline constexpr long kProtRead = 1, kProtWrite = 2, kMapFixed = 0x10, kMapFixedNoreplace = 0x100000;
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
  return sys::call(__NR_munmap, at, s.task_size - at);
}

/// Brings every mapping to its place.
inline SysResult place_mappings(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const Move& m : s.moves.in(ctx.arena))
    TRY(sys::call(__NR_mremap, m.from, m.size, m.size, kMremapMayMove | kMremapFixed, m.to));
  for (const Map& m : s.maps.in(ctx.arena))
    TRY(sys::call(__NR_mmap, m.start, m.size, m.prot, m.flags | kMapFixedNoreplace, m.fd, m.offset));
  for (const VdsoMove& v : s.vdso.in(ctx.arena))
    if (v.to != 0) TRY(sys::call(__NR_mremap, v.park, v.size, v.size, kMremapMayMove | kMremapFixed, v.to));
  return 0;
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

/// Final protections, then advice, locks and seals; nothing may be mapped or filled after this.
inline SysResult protect_and_advise(const BlobCtx& ctx, const RestoreSpace& s) {
  for (const Protect& p : s.protects.in(ctx.arena)) {
    if (p.pkey != 0)
      TRY(sys::call(__NR_pkey_mprotect, p.start, p.size, p.prot, p.pkey));
    else
      TRY(sys::call(__NR_mprotect, p.start, p.size, p.prot));
  }
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
inline SysResult restore_ldt(const BlobCtx& ctx, const RestoreSpace& s) {
#ifdef __NR_modify_ldt
  std::uint32_t number = 0;
  for (std::uint64_t descriptor : s.ldt.in(ctx.arena)) {
    if (descriptor != 0) TRY(arch::set_ldt_entry(arch::ldt_entry(number, descriptor)));
    ++number;
  }
#endif
  return 0;
}

/// mlockall(MCL_FUTURE), once nothing will be mapped any more.
inline SysResult lock_future(const BlobCtx&, const RestoreSpace& s) {
  if (!s.lock_future) return 0;
  return sys::call(__NR_mlockall, s.lock_future);
}

}  // namespace cr::mm
