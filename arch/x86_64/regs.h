// General registers of x86_64 as ptrace shows them, and what the engine does with them. Freestanding; compiles on
// every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "arch/x86_64/compat.h"

namespace cr::arch::x86_64 {

/// NT_PRSTATUS regset: the kernel's struct user_regs_struct (arch/x86/include/asm/user_64.h), field by field.
struct Regs {
  std::uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, eflags,
      rsp, ss, fs_base, gs_base, ds, es, fs, gs;
  friend bool operator==(const Regs&, const Regs&) = default;
};
inline constexpr std::size_t kRegsetBytes = sizeof(Regs);  ///< what of it ptrace reads and writes
static_assert(sizeof(Regs) == 216 && offsetof(Regs, orig_rax) == 120 && offsetof(Regs, gs) == 208);

/// ptrace(2) requests for Regs whole, however narrow the code is that the thread runs: regsets show 32-bit code less.
/// 0: none, regsets do.
inline constexpr int kGetRegs = 12, kSetRegs = 13;  // PTRACE_GETREGS, PTRACE_SETREGS

inline constexpr unsigned kRegsTailRegset = 0;  ///< a regset that lies behind it in Regs; 0: none
inline constexpr std::size_t kRegsTailBytes = 0;

inline constexpr std::uint64_t kRedZone = 128;              ///< bytes below rsp that leaf functions use
inline constexpr std::uint64_t kUserCs64 = 0x33;            ///< __USER_CS
inline constexpr std::uint64_t kUserCs32 = 0x23;            ///< __USER32_CS: the thread runs 32-bit code
inline constexpr std::uint64_t kSyscallInsnSize = 2;        ///< 0f 05
inline constexpr std::uint64_t kEflagsTrapDir = 0x500;      ///< TF | DF, cleared before injected code runs
inline constexpr std::uint64_t kTaskSize = 0x7ffffffff000;  ///< end of what 4-level page tables can map

constexpr std::uint64_t ip(const Regs& r) { return r.rip; }
constexpr std::uint64_t sp(const Regs& r) { return r.rsp; }
constexpr void set_ip(Regs& r, std::uint64_t v) { r.rip = v; }
constexpr bool is_compat(const Regs& r) { return r.cs == kUserCs32; }
/// Number of the system call the thread was stopped in, -1 when it was in none. (A 32-bit thread's: see our_call().)
constexpr long syscall_nr(const Regs& r) {
  return is_compat(r) ? our_call(static_cast<std::int32_t>(r.orig_rax)) : static_cast<long>(r.orig_rax);
}
constexpr long return_value(const Regs& r) { return static_cast<long>(r.rax); }
/// The i-th (0..5) argument register of a system call.
constexpr std::uint64_t syscall_arg(const Regs& r, int i) {
  const std::uint64_t a[] = {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9};
  const std::uint64_t compat[] = {r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp};
  return is_compat(r) ? compat[i] : a[i];
}
constexpr void set_syscall_arg(Regs& r, int i, std::uint64_t v) {
  std::uint64_t* const a[] = {&r.rdi, &r.rsi, &r.rdx, &r.r10, &r.r8, &r.r9};
  std::uint64_t* const compat[] = {&r.rbx, &r.rcx, &r.rdx, &r.rsi, &r.rdi, &r.rbp};
  *(is_compat(r) ? compat[i] : a[i]) = v;
}
/// Where the instruction is that a thread stopped in a system call stands behind.
constexpr std::uint64_t call_instruction(const Regs& r) { return r.rip - kSyscallInsnSize; }
/// Whether a stopped thread is in system call `nr`. `code` is what lies at ip().
constexpr bool is_in_call(const Regs& r, long nr, std::uint64_t code) {
  (void)code;
  return syscall_nr(r) == nr;
}
/// Registers that make the thread call rt_sigreturn at the gadget `syscall; ret`, with the frame at `frame`. What a
/// redirected thread starts with: resumed as it is, by whatever accident, it returns to itself.
constexpr Regs at_sigreturn(Regs own, std::uint64_t gadget, std::uint64_t frame, std::uint64_t /*sigreturn*/) {
  own.cs = kUserCs64;
  own.rip = gadget;
  own.rsp = frame + 8;
  own.rax = 15;          // __NR_rt_sigreturn
  own.orig_rax = ~0ull;  // not in a call: the kernel must not "restart" what was interrupted
  own.eflags &= ~kEflagsTrapDir;
  return own;
}

/// For a thread from at_sigreturn() that stands in the entry stop of that call: makes it system call `nr` instead,
/// behind which the gadget returns to the frame by its first word.
constexpr Regs instead_of_sigreturn(Regs at, std::uint64_t frame, long nr, std::span<const std::uint64_t> args) {
  at.rip += kSyscallInsnSize;
  at.rsp = frame;
  at.orig_rax = static_cast<std::uint64_t>(nr);
  at.rax = static_cast<std::uint64_t>(-38L);  // ENOSYS, as the kernel has it there
  for (std::size_t i = 0; i < args.size() && i < 6; ++i) set_syscall_arg(at, static_cast<int>(i), args[i]);
  return at;
}

/// What a rewound thread will call.
constexpr void set_syscall_nr(Regs& r, long nr) {
  r.orig_rax = static_cast<std::uint64_t>(is_compat(r) ? their_call(nr) : nr);
}

/// Offset in PTRACE_PEEKUSER's area of a word per thread that nothing reads: the virtual DR6 (struct user,
/// u_debugreg).
inline constexpr std::uint64_t kSpareWord = 848 + 6 * 8;

inline constexpr unsigned kCallNumberRegset = 0;  ///< one that the number of a call is written to beside; 0: none

/// Registers that make the thread run system call `nr` at the `syscall` instruction at `instruction`; for threads
/// that a restore has made and that nobody misses yet.
constexpr Regs at_syscall(Regs own, std::uint64_t instruction, long nr, std::span<const std::uint64_t> args) {
  own.cs = kUserCs64;
  own.rip = instruction;
  own.rax = static_cast<std::uint64_t>(nr);
  own.orig_rax = ~0ull;
  for (std::size_t i = 0; i < args.size() && i < 6; ++i) set_syscall_arg(own, static_cast<int>(i), args[i]);
  return own;
}

/// Registers that make the thread run the blob entry at `entry` with one pointer argument on stack `sp`.
constexpr Regs at_entry(Regs own, std::uint64_t entry, std::uint64_t sp, std::uint64_t argument) {
  own.cs = kUserCs64;
  own.rip = entry;
  own.rsp = sp;
  own.rdi = argument;
  own.orig_rax = ~0ull;
  own.eflags &= ~kEflagsTrapDir;
  return own;
}

}  // namespace cr::arch::x86_64
