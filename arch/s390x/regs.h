// General registers of s390x as ptrace shows them, and what the engine does with them. Freestanding; compiles on
// every host.
//
// What call a thread is in stands in a regset of its own, which has to be written after the registers. At the entry
// of a call the register of the first argument and of the result holds its number, and changes the call when it is
// written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cr::arch::s390x {

/// NT_PRSTATUS: the kernel's struct _s390_regs (arch/s390/include/uapi/asm/ptrace.h), and NT_S390_SYSTEM_CALL.
struct Regs {
  std::uint64_t psw_mask = 0, psw_addr = 0;
  std::array<std::uint64_t, 16> gpr{};
  std::array<std::uint32_t, 16> acr{};  ///< access registers; the first two are the thread pointer
  std::uint64_t orig_gpr2 = 0;          ///< first argument of a call, whose register takes the result
  std::uint32_t system_call = 0;        ///< length of the instruction << 16 | number; 0: in no call
  std::uint32_t padding = 0;
  friend bool operator==(const Regs&, const Regs&) = default;
};
inline constexpr std::size_t kRegsetBytes = 216;  ///< what of it ptrace reads and writes (NT_PRSTATUS)
static_assert(offsetof(Regs, acr) == 144 && offsetof(Regs, orig_gpr2) == 208 &&
              offsetof(Regs, system_call) == kRegsetBytes);
inline constexpr int kGetRegs = 0, kSetRegs = 0;    ///< ptrace(2) requests for Regs whole; 0: by regsets
inline constexpr unsigned kRegsTailRegset = 0x307;  ///< NT_S390_SYSTEM_CALL, which lies behind it in Regs
inline constexpr std::size_t kRegsTailBytes = 4;

inline constexpr std::uint64_t kRedZone = 0;            ///< nothing below r15 is anybody's
inline constexpr std::uint64_t kSyscallInsnSize = 2;    ///< svc
inline constexpr std::uint64_t kTaskSize = 1ull << 62;  ///< end of what can be mapped: page tables grow on demand
inline constexpr std::uint64_t kPsw64 = 3ull << 31;     ///< EA | BA: 64-bit addresses

constexpr std::uint64_t ip(const Regs& r) { return r.psw_addr; }
constexpr std::uint64_t sp(const Regs& r) { return r.gpr[15]; }
constexpr void set_ip(Regs& r, std::uint64_t v) { r.psw_addr = v; }
/// Number of the system call the thread was stopped in, -1 when it was in none.
constexpr long syscall_nr(const Regs& r) {
  return r.system_call != 0 ? static_cast<long>(r.system_call & 0xffff) : -1;
}
constexpr long return_value(const Regs& r) { return static_cast<long>(r.gpr[2]); }
/// The i-th (0..5) argument register of a system call.
constexpr std::uint64_t syscall_arg(const Regs& r, int i) {
  return i == 0 ? r.orig_gpr2 : r.gpr[static_cast<std::size_t>(i) + 2];
}
constexpr void set_syscall_arg(Regs& r, int i, std::uint64_t v) {
  r.gpr[static_cast<std::size_t>(i) + 2] = v;
  if (i == 0) r.orig_gpr2 = v;
}
constexpr void set_arguments(Regs& r, std::span<const std::uint64_t> args) {
  for (std::size_t i = 0; i < args.size() && i < 6; ++i) set_syscall_arg(r, static_cast<int>(i), args[i]);
}

/// Where the instruction is that a thread stopped in a system call stands behind.
constexpr std::uint64_t call_instruction(const Regs& r) { return r.psw_addr - kSyscallInsnSize; }
/// Whether a stopped thread is in system call `nr`. `code` is what lies at ip().
constexpr bool is_in_call(const Regs& r, long nr, std::uint64_t code) {
  (void)code;
  return syscall_nr(r) == nr;
}
constexpr bool is_compat(const Regs& r) { return (r.psw_mask & kPsw64) != kPsw64; }

/// The registers with nothing under way.
constexpr Regs idle(Regs r) {
  r.system_call = 0;
  return r;
}

/// Registers that make the thread call rt_sigreturn at the gadget `svc 0; br %r14`, with the frame at `frame`. What a
/// redirected thread starts with: resumed as it is, by whatever accident, it returns to itself. `sigreturn`: address
/// of kSigreturn, where the gadget returns to when the call becomes another one.
constexpr Regs at_sigreturn(Regs own, std::uint64_t gadget, std::uint64_t frame, std::uint64_t sigreturn) {
  Regs r = idle(own);
  r.psw_addr = gadget;
  r.gpr[15] = frame;
  r.gpr[1] = 173;  // __NR_rt_sigreturn
  r.gpr[14] = sigreturn;
  return r;
}

/// For a thread from at_sigreturn() that stands in the entry stop of that call: makes it system call `nr` instead,
/// behind which the gadget returns to the frame.
constexpr Regs instead_of_sigreturn(Regs at, std::uint64_t frame, long nr, std::span<const std::uint64_t> args) {
  at.psw_addr += kSyscallInsnSize;
  at.gpr[15] = frame;
  set_arguments(at, args);
  at.gpr[1] = at.gpr[2] = static_cast<std::uint64_t>(nr);
  return at;
}

/// What a rewound thread will call, if its instruction leaves that to the register.
constexpr void set_syscall_nr(Regs& r, long nr) {
  r.gpr[1] = static_cast<std::uint64_t>(nr);
  r.system_call = static_cast<std::uint32_t>(kSyscallInsnSize << 16) | static_cast<std::uint32_t>(nr);
}

/// The kernel keeps no word per thread that nothing reads.
inline constexpr std::uint64_t kSpareWord = 0;

inline constexpr unsigned kCallNumberRegset = 0;  ///< one that the number of a call is written to beside; 0: none

/// Registers that make the thread run system call `nr` at the `svc 0` at `instruction`; for threads that a restore
/// has made and that nobody misses yet.
constexpr Regs at_syscall(Regs own, std::uint64_t instruction, long nr, std::span<const std::uint64_t> args) {
  Regs r = idle(own);
  r.psw_addr = instruction;
  r.gpr[1] = static_cast<std::uint64_t>(nr);
  set_arguments(r, args);
  return r;
}

/// Registers that make the thread run the blob entry at `entry` with one pointer argument on stack `sp`.
constexpr Regs at_entry(Regs own, std::uint64_t entry, std::uint64_t sp, std::uint64_t argument) {
  Regs r = idle(own);
  r.psw_addr = entry;
  r.gpr[15] = sp & ~7ull;
  r.gpr[2] = r.orig_gpr2 = argument;
  return r;
}

}  // namespace cr::arch::s390x
