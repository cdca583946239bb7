// The frame rt_sigreturn takes on ppc64le, built from ptrace's regsets. Freestanding; compiles on every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "arch/ppc64le/fpu.h"
#include "arch/ppc64le/regs.h"

namespace cr::arch::ppc64le {

/// sc; bnslr+: back if there was no error. In the C library's syscall().
inline constexpr std::array<unsigned char, 8> kSyscallRet{0x02, 0, 0, 0x44, 0x20, 0, 0xe3, 0x4c};
/// li r0, __NR_rt_sigreturn; sc: the end of what handlers return to, in the vdso.
inline constexpr std::array<unsigned char, 8> kSigreturn{0xac, 0, 0, 0x38, 0x02, 0, 0, 0x44};

/// Where in the frame mmap(2) takes its arguments from; 0: from registers.
inline constexpr std::size_t kMmapArguments = 0;

inline constexpr std::size_t kCodeAlignment = 4;

/// Both contain the instruction `sc`: where in them its last byte is. Scans look for that byte.
inline constexpr unsigned char kScanByte = 0x44;
inline constexpr std::size_t kScanInSyscallRet = 3, kScanInSigreturn = 7;

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

/// What rt_sigreturn reads: struct ucontext, to which r1 points.
struct Sigframe {
  std::uint64_t uc_flags, uc_link;
  AltStack uc_stack;
  std::uint64_t sigmask;
  std::byte unused[120];
  std::uint64_t sigreturn;  ///< ours, where nobody reads: address of kSigreturn, for unmap_and_sigreturn()
  std::uint64_t unused_too[3], signal, handler, oldmask, regs_pointer;
  Regs regs;
  std::uint64_t fp[33], v_regs;
  std::uint64_t padding;  ///< v_regs points behind it: 16-aligned
  std::uint64_t altivec[66];
  std::uint32_t vrsave, more_padding[3];
  std::uint64_t vsx[32];
};
static_assert(offsetof(Sigframe, sigreturn) == 168 && offsetof(Sigframe, regs) == 232 &&
              offsetof(Sigframe, fp) == 616 && offsetof(Sigframe, v_regs) == 880 &&
              offsetof(Sigframe, altivec) == 896 && offsetof(Sigframe, vsx) == 1440 && sizeof(Sigframe) == 1696);
inline constexpr std::size_t kSigreturnInFrame = offsetof(Sigframe, sigreturn);

/// Bytes that build_sigframe() needs, whatever the state's size: it is of one size.
constexpr std::size_t sigframe_size(std::size_t /*xstate_size*/) { return sizeof(Sigframe); }

/// Writes the frame for `regs` (already passed through for_sigreturn), `xstate` and `sigmask` into `out`, which will
/// lie at address `at` (16-aligned) of the target. `sigreturn` is the address of kSigreturn. Returns the address for
/// r1: the frame's start. out.size() >= sigframe_size().
inline std::uint64_t build_sigframe(std::span<std::byte> out, std::uint64_t at, std::uint64_t sigreturn,
                                    const Regs& r, std::span<const std::byte> xstate, std::uint64_t sigmask,
                                    AltStack altstack) {
  Sigframe f{};
  f.uc_stack = altstack;
  f.sigmask = sigmask;
  f.sigreturn = sigreturn;
  f.regs = r;
  // ptrace shows them only while the units are in use, and what they do not announce is zeroed.
  f.regs.msr |= kMsrVector | kMsrVsx;
  const Vectors v = vectors_of(xstate.data(), xstate.size());
  std::memcpy(f.fp, v.fp.data(), sizeof f.fp);
  f.v_regs = at + offsetof(Sigframe, altivec);
  std::memcpy(f.altivec, v.altivec.data(), sizeof f.altivec);
  f.vrsave = v.vrsave;
  std::memcpy(f.vsx, v.vsx.data(), sizeof f.vsx);
  std::memcpy(out.data(), &f, sizeof f);
  return at;
}

}  // namespace cr::arch::ppc64le
