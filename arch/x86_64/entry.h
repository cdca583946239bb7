// How a blob is entered and left on x86_64. Freestanding, blob only: everything here is inline assembly.
#pragma once

#include <cstdint>

#include "arch/x86_64/sigframe.h"
#include "arch/x86_64/syscall.h"
#include "base/sys_result.h"

namespace cr::arch::x86_64 {

/// Defines the symbol `_start` at offset 0 of the blob: rdi holds the control block, rsp the top of the stack.
/// `main` is an extern "C" function taking that pointer; it must not return.
#define CR_BLOB_ENTRY(main)                     \
  asm(".section .text.entry,\"ax\",@progbits\n" \
      ".globl _start\n"                         \
      ".hidden _start\n"                        \
      ".type _start,@function\n"                \
      "_start:\n"                               \
      "  cld\n"                                 \
      "  xor %ebp,%ebp\n"                       \
      "  and $-16,%rsp\n"                       \
      "  call " #main                           \
      "\n"                                      \
      "  ud2\n"                                 \
      ".previous\n")

/// Leaves for the blob at `entry` with a new stack and one argument. Never returns.
[[noreturn]] inline void enter_blob(std::uint64_t entry, std::uint64_t stack, std::uint64_t argument) {
  asm volatile(
      "mov %0,%%rsp\n"
      "jmp *%1"
      :
      : "r"(stack), "r"(entry), "D"(argument)
      : "memory");
  __builtin_unreachable();
}

/// clone3(2) of `size` bytes of arguments at `args`; the child calls main(argument) on its new stack.
inline SysResult spawn_on_stack(void* args, std::uint64_t size, void (*main)(void*), void* argument) {
  long ret;
  register void (*child)(void*) asm("r12") = main;
  register void* value asm("r13") = argument;
  asm volatile(
      "syscall\n"
      "test %%rax,%%rax\n"
      "jnz 1f\n"
      "xor %%ebp,%%ebp\n"
      "mov %%r13,%%rdi\n"
      "call *%%r12\n"
      "ud2\n"
      "1:\n"
      : "=a"(ret)
      : "a"(435L), "D"(args), "S"(size), "r"(child), "r"(value)
      : "rcx", "r11", "memory");
  return ret;
}

/// Tells the CPU that this is a waiting loop.
inline void relax() { asm volatile("pause" ::: "memory"); }

/// Makes code that was written to memory visible to who executes it: it is.
inline void sync_code(void*, std::uint64_t) {}

/// Resumes the thread from the frame at `frame` (build_sigframe): never returns.
[[noreturn]] inline void sigreturn(std::uint64_t frame) {
  asm volatile(
      "mov %0,%%rsp\n"
      "mov $15,%%eax\n"
      "syscall\n"
      "ud2"
      :
      : "r"(frame + 8)
      : "memory");
  __builtin_unreachable();
}

/// Unmaps the memory this very code runs in, through the gadget `syscall; ret` outside of it, and resumes the thread
/// from the frame, whose first word is the address of kSigreturn. Never returns.
[[noreturn]] inline void unmap_and_sigreturn(std::uint64_t frame, std::uint64_t gadget, std::uint64_t base,
                                             std::uint64_t size) {
  asm volatile(
      "mov %0,%%rsp\n"
      "jmp *%1"
      :
      : "r"(frame), "r"(gadget), "a"(11L), "D"(base), "S"(size)
      : "memory");
  __builtin_unreachable();
}

/// Forks the calling process by clone(2) with `flags` and gives its pid. The copy shares this stack's memory when
/// that is a shared mapping, so it never comes back from here and uses no stack: it drops its view of the
/// descriptors, which leaves those of the others alone, and sleeps until it is killed or `*owner` has the bit `died`.
inline long fork_sleeping_copy(std::uint64_t flags, const std::uint32_t* owner, std::uint32_t died) {
  register const std::uint32_t* word asm("r12") = owner;
  register std::uint64_t bit asm("r13") = died;
  register std::uint64_t tls asm("r8") = 0;
  register std::uint64_t child_tid asm("r10") = 0;
  long ret;
  asm volatile(
      "syscall\n"
      "test %%rax,%%rax\n"
      "jnz 3f\n"
      "mov $112,%%eax\n"  // setsid(): the caller's group and session must not live on in it
      "syscall\n"
      "mov $436,%%eax\n"  // close_range(0, ~0, CLOSE_RANGE_UNSHARE)
      "xor %%edi,%%edi\n"
      "mov $-1,%%esi\n"
      "mov $2,%%edx\n"
      "syscall\n"
      "1: test %%r13d,(%%r12)\n"
      "jnz 2f\n"
      "mov $7,%%eax\n"  // poll(NULL, 0, 100)
      "xor %%edi,%%edi\n"
      "xor %%esi,%%esi\n"
      "mov $100,%%edx\n"
      "syscall\n"
      "jmp 1b\n"
      "2: mov $231,%%eax\n"  // exit_group(0)
      "xor %%edi,%%edi\n"
      "syscall\n"
      "3:\n"
      : "=a"(ret)
      : "a"(56L), "D"(flags), "S"(0L), "d"(0L), "r"(child_tid), "r"(tls), "r"(word), "r"(bit)
      : "rcx", "r11", "memory");
  return ret;
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

}  // namespace cr::arch::x86_64
