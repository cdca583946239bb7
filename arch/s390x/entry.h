// How a blob is entered and left on s390x. Freestanding, blob only: everything here is inline assembly.
#pragma once

#include <cstdint>

#include "arch/s390x/sigframe.h"
#include "arch/s390x/syscall.h"
#include "base/sys_result.h"

namespace cr::arch::s390x {

/// Defines the symbol `_start` at offset 0 of the blob: r2 holds the control block, r15 the top of the stack.
/// `main` is an extern "C" function taking that pointer; it must not return. Functions save registers in the 160
/// bytes above the stack pointer that they get.
#define CR_BLOB_ENTRY(main)                     \
  asm(".section .text.entry,\"ax\",@progbits\n" \
      ".globl _start\n"                         \
      ".hidden _start\n"                        \
      ".type _start,@function\n"                \
      "_start:\n"                               \
      "  aghi %r15,-160\n"                      \
      "  xc 0(8,%r15),0(%r15)\n"                \
      "  brasl %r14," #main                     \
      "\n"                                      \
      "  .short 1\n"                            \
      ".previous\n")

/// Leaves for the blob at `entry` with a new stack and one argument. Never returns.
[[noreturn]] inline void enter_blob(std::uint64_t entry, std::uint64_t stack, std::uint64_t argument) {
  register std::uint64_t r2 asm("r2") = argument;
  register std::uint64_t to asm("r1") = entry;
  register std::uint64_t top asm("r3") = stack & ~7ull;
  asm volatile(
      "lgr %%r15,%1\n"
      "br %2"
      :
      : "d"(r2), "d"(top), "a"(to)
      : "memory");
  __builtin_unreachable();
}

/// clone3(2) of `size` bytes of arguments at `args`; the child calls main(argument) on its new stack.
inline SysResult spawn_on_stack(void* args, std::uint64_t size, void (*main)(void*), void* argument) {
  register long r1 asm("r1") = 435;
  register long r2 asm("r2") = reinterpret_cast<long>(args);
  register std::uint64_t r3 asm("r3") = size;
  register void (*child)(void*) asm("r8") = main;
  register void* value asm("r9") = argument;
  asm volatile(
      "svc 0\n"
      "ltgr %%r2,%%r2\n"
      "jne 1f\n"
      "aghi %%r15,-160\n"
      "xc 0(8,%%r15),0(%%r15)\n"
      "lgr %%r2,%%r9\n"
      "basr %%r14,%%r8\n"
      ".short 1\n"
      "1:\n"
      : "+d"(r2)
      : "d"(r1), "d"(r3), "d"(child), "d"(value)
      : "cc", "memory");
  return long{r2};
}

/// Tells the CPU that this is a waiting loop: there is no such hint that costs nothing.
inline void relax() { asm volatile("" ::: "memory"); }

/// Makes code that was written to memory visible to who executes it: it is.
inline void sync_code(void*, std::uint64_t) {}

/// Resumes the thread from the frame at `frame` (build_sigframe): never returns.
[[noreturn]] inline void sigreturn(std::uint64_t frame) {
  asm volatile(
      "lgr %%r15,%0\n"
      "svc 173\n"
      ".short 1"
      :
      : "d"(frame)
      : "memory");
  __builtin_unreachable();
}

/// Unmaps the memory this very code runs in, through the gadget `svc 0; br %r14` outside of it, and resumes the
/// thread from the frame, which holds the address of kSigreturn. Never returns.
[[noreturn]] inline void unmap_and_sigreturn(std::uint64_t frame, std::uint64_t gadget, std::uint64_t base,
                                             std::uint64_t size) {
  register std::uint64_t r2 asm("r2") = base;
  register std::uint64_t r3 asm("r3") = size;
  register std::uint64_t to asm("r4") = gadget;
  register std::uint64_t top asm("r5") = frame;
  asm volatile(
      "lgr %%r15,%3\n"
      "lg %%r14,0(%%r15)\n"
      "lghi %%r1,91\n"  // munmap
      "br %2"
      :
      : "d"(r2), "d"(r3), "a"(to), "a"(top)
      : "memory");
  __builtin_unreachable();
}

/// Forks the calling process by clone(2) with `flags` and gives its pid. The copy shares this stack's memory when
/// that is a shared mapping, so it never comes back from here and uses no stack: it drops its view of the
/// descriptors, which leaves those of the others alone, and sleeps until it is killed or `*owner` has the bit `died`.
inline long fork_sleeping_copy(std::uint64_t flags, const std::uint32_t* owner, std::uint32_t died) {
  register long r1 asm("r1") = 120;
  register long r2 asm("r2") = 0;  // stack
  register std::uint64_t r3 asm("r3") = flags;
  register std::uint64_t r4 asm("r4") = 0;  // parent_tid
  register std::uint64_t r5 asm("r5") = 0;  // child_tid
  register std::uint64_t r6 asm("r6") = 0;  // tls
  register const std::uint32_t* word asm("r8") = owner;
  register std::uint64_t bit asm("r9") = died;
  asm volatile(
      "svc 0\n"
      "ltgr %%r2,%%r2\n"
      "jne 3f\n"
      "svc 66\n"         // setsid(): the caller's group and session must not live on in it
      "lghi %%r1,436\n"  // close_range(0, ~0, CLOSE_RANGE_UNSHARE)
      "lghi %%r2,0\n"
      "llilf %%r3,0xffffffff\n"
      "lghi %%r4,2\n"
      "svc 0\n"
      "1: llgf %%r7,0(%%r8)\n"
      "ngr %%r7,%%r9\n"
      "jne 2f\n"
      "lghi %%r2,0\n"  // poll(NULL, 0, 100)
      "lghi %%r3,0\n"
      "lghi %%r4,100\n"
      "svc 168\n"
      "j 1b\n"
      "2: lghi %%r2,0\n"  // exit_group(0)
      "svc 248\n"
      "3:\n"
      : "+d"(r2), "+d"(r1), "+d"(r3), "+d"(r4)
      : "d"(r5), "d"(r6), "a"(word), "d"(bit)
      : "r7", "cc", "memory");
  return long{r2};
}

/// Runs `make(argument)` in a process that shares this memory and stack, while the caller waits for its end (as vfork
/// does), and gives that process' pid.
template <class Make>
inline long in_shared_process(std::uint64_t flags, Make make) {
  constexpr std::uint64_t kVm = 0x100, kVfork = 0x4000;
  const long pid = sys::call(__NR_clone, 0, flags | kVm | kVfork, 0, 0, 0).raw();
  if (pid != 0) return pid;
  make();
  for (;;) (void)sys::call(__NR_exit, 0);
}

}  // namespace cr::arch::s390x
