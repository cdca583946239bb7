// The frame rt_sigreturn takes on x86_64, built from ptrace's regsets. Freestanding; compiles on every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "arch/x86_64/fpu.h"
#include "arch/x86_64/regs.h"

namespace cr::arch::x86_64 {

inline constexpr std::array<unsigned char, 3> kSyscallRet{0x0f, 0x05, 0xc3};  ///< syscall; ret
/// mov $__NR_rt_sigreturn,%rax; syscall: the C libraries' __restore_rt.
inline constexpr std::array<unsigned char, 9> kSigreturn{0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};

/// Where in the frame mmap(2) takes its arguments from; 0: from registers.
inline constexpr std::size_t kMmapArguments = 0;

inline constexpr std::size_t kCodeAlignment = 1;

/// Both contain the instruction `syscall`: where in them its second byte is. Scans look for that byte.
inline constexpr unsigned char kScanByte = 0x05;
inline constexpr std::size_t kScanInSyscallRet = 1, kScanInSigreturn = 8;

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

struct Sigcontext {
  std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
  std::uint16_t cs, gs, fs, ss;
  std::uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
};
static_assert(sizeof(Sigcontext) == 256);

/// What lies at rsp when rt_sigreturn's sequence is about to be returned to: struct rt_sigframe.
struct Sigframe {
  std::uint64_t pretcode;  ///< address of the sequence kSigreturn
  std::uint64_t uc_flags, uc_link;
  AltStack uc_stack;
  Sigcontext mcontext;
  std::uint64_t sigmask;
  std::byte siginfo[128];
};
static_assert(offsetof(Sigframe, mcontext) == 48 && offsetof(Sigframe, sigmask) == 304);

/// Bytes that build_sigframe() needs for a state of `xstate_size` bytes, alignment included.
constexpr std::size_t sigframe_size(std::size_t xstate_size) { return sizeof(Sigframe) + 64 + xstate_size + 8; }

/// Writes the frame for `regs` (already passed through for_sigreturn), `xstate` and `sigmask` into `out`, which will
/// lie at address `at` (16-aligned + 8 not needed: the kernel aligns nothing here) of the target. `sigreturn` is the
/// address of kSigreturn. Returns the address for rsp: the frame's start. out.size() >= sigframe_size().
inline std::uint64_t build_sigframe(std::span<std::byte> out, std::uint64_t at, std::uint64_t sigreturn,
                                    const Regs& r, std::span<const std::byte> xstate, std::uint64_t sigmask,
                                    AltStack altstack) {
  Sigframe f{};
  f.pretcode = sigreturn;
  f.uc_flags = 7;  // UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
  f.uc_stack = altstack;
  f.mcontext = {r.r8,
                r.r9,
                r.r10,
                r.r11,
                r.r12,
                r.r13,
                r.r14,
                r.r15,
                r.rdi,
                r.rsi,
                r.rbp,
                r.rbx,
                r.rdx,
                r.rax,
                r.rcx,
                r.rsp,
                r.rip,
                r.eflags,
                static_cast<std::uint16_t>(r.cs),
                0,
                0,
                static_cast<std::uint16_t>(r.ss),
                0,
                0,
                0,
                0,
                0,
                {}};
  f.sigmask = sigmask;
  const std::uint64_t fp = (at + sizeof f + 63) & ~63ull;
  f.mcontext.fpstate = fp;
  std::memcpy(out.data(), &f, sizeof f);
  std::byte* area = out.data() + (fp - at);
  std::memcpy(area, xstate.data(), xstate.size());
  if (xstate.size() > kFxsaveSize) {  // struct _fpx_sw_bytes at the end of the legacy area, magic2 behind the state
    const std::uint64_t features = xfeatures(xstate.data(), xstate.size());
    const std::uint32_t size = static_cast<std::uint32_t>(xstate.size());
    const struct {
      std::uint32_t magic1, extended_size;
      std::uint64_t xfeatures;
      std::uint32_t xstate_size, padding[7];
    } sw{0x46505853, size + 4, features, size, {}};
    static_assert(sizeof sw == 48);
    const std::uint32_t magic2 = 0x46505845;
    std::memcpy(area + kXfeaturesOffset, &sw, sizeof sw);
    std::memcpy(area + size, &magic2, sizeof magic2);
  }
  return at;
}

}  // namespace cr::arch::x86_64
