// General registers of ppc64le as ptrace shows them, and what the engine does with them. Freestanding; compiles on
// every host.
//
// `trap` tells what has brought the thread into the kernel: one of two instructions for system calls, sc and scv,
// which report errors differently. rt_sigreturn sets its lowest bit: nothing is to be restarted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cr::arch::ppc64le {

/// NT_PRSTATUS: the kernel's struct user_pt_regs (arch/powerpc/include/uapi/asm/ptrace.h), and words of zeros.
struct Regs {
  std::array<std::uint64_t, 32> gpr{};
  std::uint64_t nip = 0, msr = 0;
  std::uint64_t orig_gpr3 = 0;  ///< first argument of a call, whose register takes the result
  std::uint64_t ctr = 0, link = 0, xer = 0, ccr = 0, softe = 0, trap = 0, dar = 0, dsisr = 0, result = 0;
  std::array<std::uint64_t, 4> padding{};
  friend bool operator==(const Regs&, const Regs&) = default;
};
inline constexpr std::size_t kRegsetBytes = sizeof(Regs);  ///< what of it ptrace reads and writes
static_assert(sizeof(Regs) == 48 * 8 && offsetof(Regs, nip) == 32 * 8 && offsetof(Regs, trap) == 40 * 8);

inline constexpr int kGetRegs = 0, kSetRegs = 0;  ///< ptrace(2) requests for Regs whole; 0: by regsets
inline constexpr unsigned kRegsTailRegset = 0;    ///< a regset that lies behind it in Regs; 0: none
inline constexpr std::size_t kRegsTailBytes = 0;

inline constexpr std::uint64_t kRedZone = 512;          ///< below r1: the ABI's 288 bytes, and the kernel's own care
inline constexpr std::uint64_t kSyscallInsnSize = 4;    ///< sc
inline constexpr std::uint64_t kTaskSize = 1ull << 52;  ///< end of what can be mapped, with pages of 64 KiB
inline constexpr std::uint64_t kTrapSc = 0xc00, kTrapScv = 0x3000;
inline constexpr std::uint64_t kSummaryOverflow = 1 << 28;  ///< CR0.SO: the call by sc has failed, r3 is an errno
inline constexpr std::uint64_t kMsr64 = 1ull << 63, kMsrLittle = 1;
inline constexpr std::uint64_t kMsrTransaction = 3ull << 33;  ///< one is active or suspended
inline constexpr std::uint64_t kMsrVector = 1 << 25, kMsrVsx = 1 << 23;

constexpr std::uint64_t ip(const Regs& r) { return r.nip; }
constexpr std::uint64_t sp(const Regs& r) { return r.gpr[1]; }
constexpr void set_ip(Regs& r, std::uint64_t v) { r.nip = v; }
/// In a system call that the kernel may still restart.
constexpr bool in_call(const Regs& r) { return r.trap == kTrapSc || r.trap == kTrapScv; }
/// Number of the system call the thread was stopped in, -1 when it was in none.
constexpr long syscall_nr(const Regs& r) { return in_call(r) ? static_cast<long>(r.gpr[0]) : -1; }
constexpr long return_value(const Regs& r) {
  const auto value = static_cast<long>(r.gpr[3]);
  return (r.trap & ~0xfull) != kTrapScv && (r.ccr & kSummaryOverflow) ? -value : value;
}
/// The i-th (0..5) argument register of a system call.
constexpr std::uint64_t syscall_arg(const Regs& r, int i) {
  return i == 0 && in_call(r) ? r.orig_gpr3 : r.gpr[static_cast<std::size_t>(i) + 3];
}
constexpr void set_syscall_arg(Regs& r, int i, std::uint64_t v) {
  r.gpr[static_cast<std::size_t>(i) + 3] = v;
  if (i == 0) r.orig_gpr3 = v;
}
constexpr void set_arguments(Regs& r, std::span<const std::uint64_t> args) {
  for (std::size_t i = 0; i < args.size() && i < 6; ++i) set_syscall_arg(r, static_cast<int>(i), args[i]);
}

/// Where the instruction is that a thread stopped in a system call stands behind.
constexpr std::uint64_t call_instruction(const Regs& r) { return r.nip - kSyscallInsnSize; }
/// Whether a stopped thread is in system call `nr`. `code` is what lies at ip().
constexpr bool is_in_call(const Regs& r, long nr, std::uint64_t code) {
  (void)code;
  return syscall_nr(r) == nr;
}
/// 32-bit code. There is no such thing beside little-endian programs, but the kernel would let them.
constexpr bool is_compat(const Regs& r) { return (r.msr & kMsr64) == 0; }

/// The registers with nothing under way.
constexpr Regs idle(Regs r) {
  r.trap = 0;
  return r;
}

/// Registers that make the thread call rt_sigreturn at the gadget `sc; bnslr+`, with the frame at `frame`. What a
/// redirected thread starts with: resumed as it is, by whatever accident, it returns to itself. `sigreturn`: address
/// of kSigreturn, where the gadget returns to when the call becomes another one.
constexpr Regs at_sigreturn(Regs own, std::uint64_t gadget, std::uint64_t frame, std::uint64_t sigreturn) {
  Regs r = idle(own);
  r.nip = gadget;
  r.gpr[1] = frame;
  r.gpr[0] = 172;  // __NR_rt_sigreturn
  r.link = sigreturn;
  return r;
}

/// For a thread from at_sigreturn() that stands in the entry stop of that call: makes it system call `nr` instead,
/// behind which the gadget returns to the frame.
constexpr Regs instead_of_sigreturn(Regs at, std::uint64_t frame, long nr, std::span<const std::uint64_t> args) {
  at.nip += kSyscallInsnSize;
  at.gpr[1] = frame;
  at.gpr[0] = static_cast<std::uint64_t>(nr);
  at.ccr &= ~kSummaryOverflow;
  at.trap = kTrapSc;
  set_arguments(at, args);
  return at;
}

/// What a rewound thread will call.
constexpr void set_syscall_nr(Regs& r, long nr) { r.gpr[0] = static_cast<std::uint64_t>(nr); }

/// The kernel keeps no word per thread that nothing reads.
inline constexpr std::uint64_t kSpareWord = 0;

inline constexpr unsigned kCallNumberRegset = 0;  ///< one that the number of a call is written to beside; 0: none

/// Registers that make the thread run system call `nr` at the `sc` at `instruction`; for threads that a restore has
/// made and that nobody misses yet.
constexpr Regs at_syscall(Regs own, std::uint64_t instruction, long nr, std::span<const std::uint64_t> args) {
  Regs r = idle(own);
  r.nip = instruction;
  r.gpr[0] = static_cast<std::uint64_t>(nr);
  set_arguments(r, args);
  return r;
}

/// Registers that make the thread run the blob entry at `entry` with one pointer argument on stack `sp`.
constexpr Regs at_entry(Regs own, std::uint64_t entry, std::uint64_t sp, std::uint64_t argument) {
  Regs r = idle(own);
  r.nip = entry;
  r.gpr[1] = sp & ~15ull;
  r.gpr[3] = argument;
  return r;
}

}  // namespace cr::arch::ppc64le
