// How a blob is entered and left on aarch64. Freestanding, blob only: everything here is inline assembly.
#pragma once

#include <cstdint>

#include "arch/aarch64/sigframe.h"
#include "arch/aarch64/syscall.h"
#include "base/sys_result.h"

namespace cr::arch::aarch64 {

/// Defines the symbol `_start` at offset 0 of the blob: x0 holds the control block, sp the top of the stack.
/// `main` is an extern "C" function taking that pointer; it must not return.
#define CR_BLOB_ENTRY(main)                     \
  asm(".section .text.entry,\"ax\",@progbits\n" \
      ".globl _start\n"                         \
      ".hidden _start\n"                        \
      ".type _start,@function\n"                \
      "_start:\n"                               \
      "  mov x29, xzr\n"                        \
      "  mov x30, xzr\n"                        \
      "  bl " #main                             \
      "\n"                                      \
      "  brk #0\n"                              \
      ".previous\n")

/// Leaves for the blob at `entry` with a new stack and one argument. Never returns.
[[noreturn]] inline void enter_blob(std::uint64_t entry, std::uint64_t stack, std::uint64_t argument) {
  register std::uint64_t x0 asm("x0") = argument;
  register std::uint64_t to asm("x9") = entry;
  register std::uint64_t top asm("x10") = stack & ~15ull;
  asm volatile(
      "mov sp, %1\n"
      "br %2"
      :
      : "r"(x0), "r"(top), "r"(to)
      : "memory");
  __builtin_unreachable();
}

/// clone3(2) of `size` bytes of arguments at `args`; the child calls main(argument) on its new stack.
inline SysResult spawn_on_stack(void* args, std::uint64_t size, void (*main)(void*), void* argument) {
  register long x0 asm("x0") = reinterpret_cast<long>(args);
  register std::uint64_t x1 asm("x1") = size;
  register long x8 asm("x8") = 435;
  register void (*child)(void*) asm("x9") = main;
  register void* value asm("x10") = argument;
  asm volatile(
      "svc #0\n"
      "cbnz x0, 1f\n"
      "mov x29, xzr\n"
      "mov x30, xzr\n"
      "mov x0, x10\n"
      "blr x9\n"
      "brk #0\n"
      "1:\n"
      : "+r"(x0), "+r"(x8)
      : "r"(x1), "r"(child), "r"(value)
      : "memory");
  return long{x0};
}

/// Tells the CPU that this is a waiting loop.
inline void relax() { asm volatile("yield" ::: "memory"); }

/// Makes code that was written to memory visible to who executes it: instruction and data caches are apart.
inline void sync_code(void* at, std::uint64_t size) {
  std::uint64_t ctr;
  asm volatile("mrs %0, ctr_el0" : "=r"(ctr));
  const std::uint64_t data_line = 4ull << (ctr >> 16 & 15), code_line = 4ull << (ctr & 15);
  const auto start = reinterpret_cast<std::uint64_t>(at);
  for (std::uint64_t p = start & ~(data_line - 1); p < start + size; p += data_line)
    asm volatile("dc cvau, %0" : : "r"(p) : "memory");
  asm volatile("dsb ish" ::: "memory");
  for (std::uint64_t p = start & ~(code_line - 1); p < start + size; p += code_line)
    asm volatile("ic ivau, %0" : : "r"(p) : "memory");
  asm volatile(
      "dsb ish\n"
      "isb" ::
          : "memory");
}

/// Resumes the thread from the frame at `frame` (build_sigframe): never returns.
[[noreturn]] inline void sigreturn(std::uint64_t frame) {
  asm volatile(
      "mov sp, %0\n"
      "mov x8, #139\n"
      "svc #0\n"
      "brk #0"
      :
      : "r"(frame)
      : "memory");
  __builtin_unreachable();
}

/// Unmaps the memory this very code runs in, through the gadget `svc; ret` outside of it, and resumes the thread
/// from the frame, which holds the address of kSigreturn. Never returns.
[[noreturn]] inline void unmap_and_sigreturn(std::uint64_t frame, std::uint64_t gadget, std::uint64_t base,
                                             std::uint64_t size) {
  register std::uint64_t x0 asm("x0") = base;
  register std::uint64_t x1 asm("x1") = size;
  register std::uint64_t to asm("x9") = gadget;
  register std::uint64_t top asm("x10") = frame;
  asm volatile(
      "mov sp, %3\n"
      "ldr x30, [sp]\n"
      "mov x8, #215\n"  // munmap
      "br %2"
      :
      : "r"(x0), "r"(x1), "r"(to), "r"(top)
      : "memory");
  __builtin_unreachable();
}

/// Forks the calling process by clone(2) with `flags` and gives its pid. The copy shares this stack's memory when
/// that is a shared mapping, so it never comes back from here and uses no stack: it drops its view of the
/// descriptors, which leaves those of the others alone, and sleeps until it is killed or `*owner` has the bit `died`.
inline long fork_sleeping_copy(std::uint64_t flags, const std::uint32_t* owner, std::uint32_t died) {
  register long x0 asm("x0") = static_cast<long>(flags);
  register std::uint64_t x1 asm("x1") = 0;  // stack
  register std::uint64_t x2 asm("x2") = 0;  // parent_tid
  register std::uint64_t x3 asm("x3") = 0;  // tls
  register std::uint64_t x4 asm("x4") = 0;  // child_tid
  register long x8 asm("x8") = 220;
  register const std::uint32_t* word asm("x12") = owner;
  register std::uint64_t bit asm("x13") = died;
  asm volatile(
      "svc #0\n"
      "cbnz x0, 3f\n"
      "mov x8, #157\n"  // setsid(): the caller's group and session must not live on in it
      "svc #0\n"
      "mov x8, #436\n"  // close_range(0, ~0, CLOSE_RANGE_UNSHARE)
      "mov x0, #0\n"
      "mov w1, #-1\n"
      "mov x2, #2\n"
      "svc #0\n"
      "1: ldr w14, [x12]\n"
      "tst w14, w13\n"
      "b.ne 2f\n"
      "mov x8, #101\n"  // nanosleep of 100 ms
      "adr x0, 4f\n"
      "mov x1, #0\n"
      "svc #0\n"
      "b 1b\n"
      "2: mov x8, #94\n"  // exit_group(0)
      "mov x0, #0\n"
      "svc #0\n"
      ".balign 8\n"
      "4: .quad 0, 100000000\n"
      "3:\n"
      : "+r"(x0), "+r"(x8), "+r"(x1), "+r"(x2)
      : "r"(x3), "r"(x4), "r"(word), "r"(bit)
      : "x14", "cc", "memory");
  return long{x0};
}

/// Runs `make(argument)` in a process that shares this memory and stack, while the caller waits for its end (as vfork
/// does), and gives that process' pid.
template <class Make>
inline long in_shared_process(std::uint64_t flags, Make make) {
  constexpr std::uint64_t kVm = 0x100, kVfork = 0x4000;
  const long pid = sys::call(__NR_clone, flags | kVm | kVfork, 0, 0, 0, 0).raw();
  if (pid != 0) return pid;
  make();
  for (;;) (void)sys::call(__NR_exit, 0);
}

}  // namespace cr::arch::aarch64
