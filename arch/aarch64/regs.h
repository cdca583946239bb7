// General registers of aarch64 as ptrace shows them, and what the engine does with them. Freestanding; compiles on
// every host.
//
// The kernel winds an interrupted call back before ptrace sees the thread (do_signal() in arch/arm64/kernel/signal.c)
// and forgets its number, so what was interrupted is noted beside the registers (restart.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cr::arch::aarch64 {

inline constexpr std::uint64_t kPstateMode32 = 0x10;  ///< the thread runs 32-bit code

/// The kernel's struct user_pt_regs (arch/arm64/include/uapi/asm/ptrace.h), and the note.
struct Regs {
  std::array<std::uint64_t, 31> x{};
  std::uint64_t sp = 0, pc = 0;
  std::uint64_t pstate = kPstateMode32;  ///< stays so when a 32-bit thread's registers, which are fewer, are read

  // Not the kernel's:
  std::int64_t call = -1;        ///< number of the interrupted call, -1: none
  std::uint64_t argument0 = 0;   ///< its first argument, whose register takes the result
  std::int64_t interrupted = 0;  ///< the kernel's restart code when pc is back at the call; 0: pc is behind it
  friend bool operator==(const Regs&, const Regs&) = default;
};
inline constexpr std::size_t kRegsetBytes = 34 * 8;  ///< what of it ptrace reads and writes (NT_PRSTATUS)
static_assert(offsetof(Regs, sp) == 248 && offsetof(Regs, pstate) == 264 && offsetof(Regs, call) == kRegsetBytes);

inline constexpr int kGetRegs = 0, kSetRegs = 0;  ///< ptrace(2) requests for Regs whole; 0: by regsets
inline constexpr unsigned kRegsTailRegset = 0;    ///< a regset that lies behind it in Regs; 0: none
inline constexpr std::size_t kRegsTailBytes = 0;

inline constexpr std::uint64_t kRedZone = 0;          ///< nothing below sp is anybody's
inline constexpr std::uint64_t kSyscallInsnSize = 4;  ///< svc #0
/// SS | BTYPE, cleared before injected code runs: no single step, and no guarded branch under way.
inline constexpr std::uint64_t kPstateStepBranch = 1ull << 21 | 3ull << 10;
inline constexpr std::uint64_t kTaskSize = 1ull << 48;  ///< end of what can be mapped, with 48-bit addresses
inline constexpr std::size_t kNumber = 8;               ///< register of a call's number
inline constexpr std::size_t kLink = 30;                ///< where a function returns to

constexpr std::uint64_t ip(const Regs& r) { return r.pc; }
constexpr std::uint64_t sp(const Regs& r) { return r.sp; }
constexpr void set_ip(Regs& r, std::uint64_t v) { r.pc = v; }
/// Number of the system call the thread was stopped in, -1 when it was in none.
constexpr long syscall_nr(const Regs& r) { return static_cast<long>(r.call); }
/// What the call has returned, or the kernel's code when it was wound back.
constexpr long return_value(const Regs& r) {
  return static_cast<long>(r.interrupted != 0 ? r.interrupted : static_cast<std::int64_t>(r.x[0]));
}
/// The i-th (0..5) argument register of a system call.
constexpr std::uint64_t syscall_arg(const Regs& r, int i) {
  return i == 0 && r.call >= 0 ? r.argument0 : r.x[static_cast<std::size_t>(i)];
}
constexpr void set_syscall_arg(Regs& r, int i, std::uint64_t v) {
  r.x[static_cast<std::size_t>(i)] = v;
  if (i == 0) r.argument0 = v;
}
constexpr void set_arguments(Regs& r, std::span<const std::uint64_t> args) {
  for (std::size_t i = 0; i < args.size() && i < 6; ++i) set_syscall_arg(r, static_cast<int>(i), args[i]);
}

/// svc with any number; the kernel looks at none.
constexpr bool is_svc(std::uint32_t instruction) { return (instruction & 0xffe0001f) == 0xd4000001; }

/// Where the instruction is by which a thread stopped in a system call has made it.
constexpr std::uint64_t call_instruction(const Regs& r) { return r.pc; }
/// Whether a stopped thread is in system call `nr`, or just about to make it. `code` is what lies at ip().
constexpr bool is_in_call(const Regs& r, long nr, std::uint64_t code) {
  return is_svc(static_cast<std::uint32_t>(code)) && r.x[kNumber] == static_cast<std::uint64_t>(nr);
}
constexpr bool is_compat(const Regs& r) { return (r.pstate & kPstateMode32) != 0; }

/// The registers with nothing under way.
constexpr Regs idle(Regs r) {
  r.call = -1;
  r.argument0 = 0;
  r.interrupted = 0;
  return r;
}

/// Registers that make the thread call rt_sigreturn at the gadget `svc; ret`, with the frame at `frame`. What a
/// redirected thread starts with: resumed as it is, by whatever accident, it returns to itself. `sigreturn`: address
/// of kSigreturn, where the gadget returns to when the call becomes another one.
constexpr Regs at_sigreturn(Regs own, std::uint64_t gadget, std::uint64_t frame, std::uint64_t sigreturn) {
  Regs r = idle(own);
  r.pc = gadget;
  r.sp = frame;
  r.x[kNumber] = 139;  // __NR_rt_sigreturn
  r.x[kLink] = sigreturn;
  r.pstate &= ~kPstateStepBranch;
  return r;
}

/// For a thread from at_sigreturn() that stands in the entry stop of that call: makes it system call `nr` instead
/// (with kCallNumberRegset), behind which the gadget returns to the frame.
constexpr Regs instead_of_sigreturn(Regs at, std::uint64_t frame, long nr, std::span<const std::uint64_t> args) {
  at.pc += kSyscallInsnSize;
  at.sp = frame;
  at.x[kNumber] = static_cast<std::uint64_t>(nr);
  set_arguments(at, args);
  return idle(at);
}

/// What a rewound thread will call.
constexpr void set_syscall_nr(Regs& r, long nr) { r.call = nr; }

/// The kernel keeps no word per thread that nothing reads.
inline constexpr std::uint64_t kSpareWord = 0;

inline constexpr unsigned kCallNumberRegset = 0x404;  ///< NT_ARM_SYSTEM_CALL: what an entry stop leads to

/// Registers that make the thread run system call `nr` at the `svc` at `instruction`; for threads that a restore has
/// made and that nobody misses yet.
constexpr Regs at_syscall(Regs own, std::uint64_t instruction, long nr, std::span<const std::uint64_t> args) {
  Regs r = idle(own);
  r.pc = instruction;
  r.x[kNumber] = static_cast<std::uint64_t>(nr);
  set_arguments(r, args);
  return idle(r);
}

/// Registers that make the thread run the blob entry at `entry` with one pointer argument on stack `sp`.
constexpr Regs at_entry(Regs own, std::uint64_t entry, std::uint64_t sp, std::uint64_t argument) {
  Regs r = idle(own);
  r.pc = entry;
  r.sp = sp & ~15ull;
  r.x[0] = argument;
  r.pstate &= ~kPstateStepBranch;
  return r;
}

}  // namespace cr::arch::aarch64
