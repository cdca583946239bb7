// How a blob is entered and left on ppc64le. Freestanding, blob only: everything here is inline assembly.
#pragma once

#include <cstdint>

#include "arch/ppc64le/sigframe.h"
#include "arch/ppc64le/syscall.h"
#include "base/sys_result.h"

namespace cr::arch::ppc64le {

/// Defines the symbol `_start` at offset 0 of the blob: r3 holds the control block, r1 the top of the stack.
/// `main` is an extern "C" function taking that pointer; it must not return. Whoever comes here has neither the
/// blob's table of contents in r2 nor the address of this in r12.
#define CR_BLOB_ENTRY(main)                     \
  asm(".section .text.entry,\"ax\",@progbits\n" \
      ".globl _start\n"                         \
      ".hidden _start\n"                        \
      ".type _start,@function\n"                \
      "_start:\n"                               \
      "  bcl 20,31,1f\n"                        \
      "1: mflr 12\n"                            \
      "  addis 2,12,(.TOC.-1b)@ha\n"            \
      "  addi 2,2,(.TOC.-1b)@l\n"               \
      "  clrrdi 1,1,4\n"                        \
      "  li 0,0\n"                              \
      "  stdu 0,-32(1)\n"                       \
      "  bl " #main                             \
      "\n"                                      \
      "  nop\n"                                 \
      "  trap\n"                                \
      ".previous\n")

/// Leaves for the blob at `entry` with a new stack and one argument. Never returns.
[[noreturn]] inline void enter_blob(std::uint64_t entry, std::uint64_t stack, std::uint64_t argument) {
  register std::uint64_t r3 asm("r3") = argument;
  register std::uint64_t to asm("r12") = entry;
  register std::uint64_t top asm("r11") = stack & ~15ull;
  asm volatile(
      "mtctr %2\n"
      "mr 1, %1\n"
      "bctr"
      :
      : "r"(r3), "r"(top), "r"(to)
      : "memory");
  __builtin_unreachable();
}

/// clone3(2) of `size` bytes of arguments at `args`; the child calls main(argument) on its new stack.
inline SysResult spawn_on_stack(void* args, std::uint64_t size, void (*main)(void*), void* argument) {
  register long r0 asm("r0") = 435;
  register long r3 asm("r3") = reinterpret_cast<long>(args);
  register std::uint64_t r4 asm("r4") = size;
  register void (*child)(void*) asm("r14") = main;
  register void* value asm("r15") = argument;
  asm volatile(
      "sc\n"
      "bso 2f\n"
      "cmpdi 3, 0\n"
      "bne 1f\n"
      "li 0, 0\n"
      "stdu 0, -32(1)\n"
      "mr 3, 15\n"
      "mr 12, 14\n"
      "mtctr 12\n"
      "bctrl\n"
      "trap\n"
      "2: neg 3, 3\n"
      "1:\n"
      : "+r"(r0), "+r"(r3), "+r"(r4)
      : "r"(child), "r"(value)
      : "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
  return long{r3};
}

/// Tells the CPU that this is a waiting loop.
inline void relax() { asm volatile("or 27,27,27" ::: "memory"); }

/// Makes code that was written to memory visible to who executes it: instruction and data caches are apart.
inline void sync_code(void* at, std::uint64_t size) {
  constexpr std::uint64_t kLine = 32;  // no CPU has shorter ones
  const auto start = reinterpret_cast<std::uint64_t>(at);
  for (std::uint64_t p = start & ~(kLine - 1); p < start + size; p += kLine)
    asm volatile("dcbst 0, %0" : : "r"(p) : "memory");
  asm volatile("sync" ::: "memory");
  for (std::uint64_t p = start & ~(kLine - 1); p < start + size; p += kLine)
    asm volatile("icbi 0, %0" : : "r"(p) : "memory");
  asm volatile(
      "sync\n"
      "isync" ::
          : "memory");
}

/// Resumes the thread from the frame at `frame` (build_sigframe): never returns.
[[noreturn]] inline void sigreturn(std::uint64_t frame) {
  register std::uint64_t top asm("r11") = frame;
  asm volatile(
      "mr 1, %0\n"
      "li 0, 172\n"
      "sc\n"
      "trap"
      :
      : "r"(top)
      : "memory");
  __builtin_unreachable();
}

/// Unmaps the memory this very code runs in, through the gadget `sc; bnslr+` outside of it, and resumes the thread
/// from the frame, which holds the address of kSigreturn. Never returns.
[[noreturn]] inline void unmap_and_sigreturn(std::uint64_t frame, std::uint64_t gadget, std::uint64_t base,
                                             std::uint64_t size) {
  register std::uint64_t r3 asm("r3") = base;
  register std::uint64_t r4 asm("r4") = size;
  register std::uint64_t to asm("r12") = gadget;
  register std::uint64_t top asm("r11") = frame;
  asm volatile(
      "mr 1, %3\n"
      "ld 0, %4(1)\n"
      "mtlr 0\n"
      "mtctr %2\n"
      "li 0, 91\n"  // munmap
      "bctr"
      :
      : "r"(r3), "r"(r4), "r"(to), "r"(top), "i"(kSigreturnInFrame)
      : "memory");
  __builtin_unreachable();
}

/// Forks the calling process by clone(2) with `flags` and gives its pid. The copy shares this stack's memory when
/// that is a shared mapping, so it never comes back from here and uses no stack: it drops its view of the
/// descriptors, which leaves those of the others alone, and sleeps until it is killed or `*owner` has the bit `died`.
inline long fork_sleeping_copy(std::uint64_t flags, const std::uint32_t* owner, std::uint32_t died) {
  register long r0 asm("r0") = 120;
  register long r3 asm("r3") = static_cast<long>(flags);
  register std::uint64_t r4 asm("r4") = 0;  // stack
  register std::uint64_t r5 asm("r5") = 0;  // parent_tid
  register std::uint64_t r6 asm("r6") = 0;  // tls
  register std::uint64_t r7 asm("r7") = 0;  // child_tid
  register const std::uint32_t* word asm("r14") = owner;
  register std::uint64_t bit asm("r15") = died;
  asm volatile(
      "sc\n"
      "bso 4f\n"
      "cmpdi 3, 0\n"
      "bne 3f\n"
      "li 0, 147\n"  // setsid(): the caller's group and session must not live on in it
      "sc\n"
      "li 0, 436\n"  // close_range(0, ~0, CLOSE_RANGE_UNSHARE)
      "li 3, 0\n"
      "li 4, -1\n"
      "clrldi 4, 4, 32\n"
      "li 5, 2\n"
      "sc\n"
      "1: lwz 9, 0(14)\n"
      "and. 9, 9, 15\n"
      "bne 2f\n"
      "li 0, 167\n"  // poll(NULL, 0, 100)
      "li 3, 0\n"
      "li 4, 0\n"
      "li 5, 100\n"
      "sc\n"
      "b 1b\n"
      "2: li 0, 234\n"  // exit_group(0)
      "li 3, 0\n"
      "sc\n"
      "4: neg 3, 3\n"
      "3:\n"
      : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
      : "r"(word), "r"(bit)
      : "r8", "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
  return long{r3};
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

}  // namespace cr::arch::ppc64le
