// The frame rt_sigreturn takes on s390x, built from ptrace's regsets. Freestanding; compiles on every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "arch/s390x/fpu.h"
#include "arch/s390x/regs.h"

namespace cr::arch::s390x {

inline constexpr std::array<unsigned char, 4> kSyscallRet{0x0a, 0, 0x07, 0xfe};  ///< svc 0; br %r14
/// svc __NR_rt_sigreturn: what handlers return to, in the vdso.
inline constexpr std::array<unsigned char, 2> kSigreturn{0x0a, 0xad};

inline constexpr std::size_t kCodeAlignment = 2;

/// Both begin with the instruction `svc`: where in them its first byte is. Scans look for that byte.
inline constexpr unsigned char kScanByte = 0x0a;
inline constexpr std::size_t kScanInSyscallRet = 0, kScanInSigreturn = 0;

/// The stack_t that the frame carries; rt_sigreturn applies it (do_sigaltstack), so it must be the thread's own.
/// flags = kKeepAltstack makes the kernel refuse it and keep what is there.
struct AltStack {
  std::uint64_t sp = 0;
  std::int32_t flags = 0;
  std::int32_t pad = 0;
  std::uint64_t size = 0;
};
/// restore_altstack() ignores do_sigaltstack's error: an unknown mode changes nothing.
inline constexpr std::int32_t kKeepAltstack = 0x7fffffff;

/// struct rt_sigframe, to which r15 points: room that functions may use, and siginfo, which rt_sigreturn does not
/// read; ucontext.
struct Sigframe {
  std::uint64_t sigreturn;     ///< ours: address of kSigreturn, for unmap_and_sigreturn()
  std::uint64_t arguments[6];  ///< ours: of a call that takes them from memory
  std::byte unused[240];
  std::uint64_t uc_flags, uc_link;
  AltStack uc_stack;
  std::uint64_t psw_mask, psw_addr;
  std::uint64_t gpr[16];
  std::uint32_t acr[16];
  std::uint32_t fpc, padding;
  std::uint64_t fp[16];
  std::uint64_t sigmask;
  std::byte unused_too[120];
  std::uint64_t low[16], high[32];
  std::byte reserved[128];
};
static_assert(offsetof(Sigframe, uc_flags) == 296 && offsetof(Sigframe, psw_mask) == 336 &&
              offsetof(Sigframe, sigmask) == 296 + 384 && offsetof(Sigframe, low) == 296 + 512 &&
              sizeof(Sigframe) == 1320);

/// Where in the frame mmap(2) takes its arguments from; 0: from registers.
inline constexpr std::size_t kMmapArguments = offsetof(Sigframe, arguments);

/// Bytes that build_sigframe() needs, whatever the state's size.
constexpr std::size_t sigframe_size(std::size_t /*xstate_size*/) { return sizeof(Sigframe); }

/// Writes the frame for `regs` (already passed through for_sigreturn), `xstate` and `sigmask` into `out`, which will
/// lie at address `at` (8-aligned) of the target. `sigreturn` is the address of kSigreturn. Returns the address for
/// r15: the frame's start. out.size() >= sigframe_size().
inline std::uint64_t build_sigframe(std::span<std::byte> out, std::uint64_t at, std::uint64_t sigreturn,
                                    const Regs& r, std::span<const std::byte> xstate, std::uint64_t sigmask,
                                    AltStack altstack) {
  constexpr std::uint64_t kVectors = 2;  // UC_VXRS
  Sigframe f{};
  f.sigreturn = sigreturn;
  f.uc_flags = xstate.size() >= sizeof(Vectors) ? kVectors : 0;
  f.uc_stack = altstack;
  f.sigmask = sigmask;
  f.psw_mask = r.psw_mask, f.psw_addr = r.psw_addr;
  std::memcpy(f.gpr, r.gpr.data(), sizeof f.gpr);
  std::memcpy(f.acr, r.acr.data(), sizeof f.acr);
  const Vectors v = vectors_of(xstate.data(), xstate.size());
  f.fpc = v.fpc;
  std::memcpy(f.fp, v.fp.data(), sizeof f.fp);
  std::memcpy(f.low, v.low.data(), sizeof f.low);
  std::memcpy(f.high, v.high.data(), sizeof f.high);
  std::memcpy(out.data(), &f, sizeof f);
  return at;
}

}  // namespace cr::arch::s390x
