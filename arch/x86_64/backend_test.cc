// The pure part of the x86_64 backend, tested on every host: frames, the restart rule, redirected registers.
#include <gtest/gtest.h>

#include <cstring>

#include "arch/x86_64/traits.h"

namespace cr::arch::x86_64 {
namespace {

TEST(Frame, HoldsWhatItShould) {
  Regs regs{};
  regs.rip = 0x1234;
  regs.rsp = 0x5678;
  regs.rax = static_cast<std::uint64_t>(-512L);
  regs.orig_rax = 0;
  Xstate xstate(2696);
  const std::uint64_t features = 0xe7;
  std::memcpy(xstate.data() + kXfeaturesOffset, &features, 8);
  alignas(64) std::byte bytes[8192]{};
  const std::uint64_t at = 0x7ffc00001000;
  build_sigframe(bytes, at, 0xabc, for_sigreturn(regs), xstate, 0x55, {.flags = kKeepAltstack});
  Sigframe f;
  std::memcpy(&f, bytes, sizeof f);
  EXPECT_EQ(f.pretcode, 0xabcu);
  EXPECT_EQ(f.mcontext.rip, 0x1232u);  // read is run again
  EXPECT_EQ(f.mcontext.rax, 0u);
  EXPECT_EQ(f.mcontext.rsp, 0x5678u);
  EXPECT_EQ(f.sigmask, 0x55u);
  EXPECT_EQ(f.mcontext.fpstate % 64, 0u);
  const std::byte* area = bytes + (f.mcontext.fpstate - at);
  std::uint32_t magic = 0;
  std::memcpy(&magic, area + kXfeaturesOffset, 4);
  EXPECT_EQ(magic, 0x46505853u);
  std::memcpy(&magic, area + 2696, 4);
  EXPECT_EQ(magic, 0x46505845u);
  EXPECT_LE(f.mcontext.fpstate - at + 2696 + 4, sigframe_size(2696));
}

TEST(Restart, Rules) {
  Regs r{};
  r.rip = 100;
  r.orig_rax = 35;
  r.rax = static_cast<std::uint64_t>(-516L);
  EXPECT_EQ(restart_kind(r), RestartKind::kBlock);
  EXPECT_EQ(for_sigreturn(r).rax, static_cast<std::uint64_t>(-4L));
  EXPECT_EQ(for_sigreturn(r).rip, 100u);
  r.rax = static_cast<std::uint64_t>(-514L);
  EXPECT_EQ(for_sigreturn(r).rip, 98u);
  EXPECT_EQ(for_sigreturn(r).rax, 35u);
  r.orig_rax = ~0ull;
  EXPECT_EQ(restart_kind(r), RestartKind::kNone);
}

Regs compat_regs() {
  Regs r{};
  r.cs = kUserCs32;
  r.rip = 0x8049002;
  r.rbx = 1, r.rcx = 2, r.rdx = 3, r.rsi = 4, r.rdi = 5, r.rbp = 6;
  return r;
}

TEST(Compat, CallsAndTheirArguments) {
  Regs r = compat_regs();
  r.orig_rax = 3;  // read
  EXPECT_EQ(syscall_nr(r), 0);
  r.orig_rax = 0;  // restart_syscall
  EXPECT_EQ(syscall_nr(r), 219);
  r.orig_rax = 0xffffffff;  // none, in 32 bits
  EXPECT_EQ(syscall_nr(r), -1);
  r.orig_rax = 1;  // exit is no call that we know, nor write(2)
  EXPECT_EQ(syscall_nr(r), kOtherCall + 1);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(syscall_arg(r, i), static_cast<std::uint64_t>(i + 1));
  set_syscall_arg(r, 5, 77);
  EXPECT_EQ(r.rbp, 77u);
}

TEST(Compat, EveryNumberComesBack) {
  for (const CompatCall& c : kCompatCalls) {
    EXPECT_EQ(our_call(c.theirs), c.ours);
    EXPECT_EQ(their_call(c.ours), c.theirs);
  }
  EXPECT_EQ(their_call(our_call(1)), 1);
  EXPECT_EQ(shown_call(3, 0xffffd000, 0xf7fc0000), 0);
  EXPECT_EQ(shown_call(3, 0x7fffffffd000, 0x401000), 3);
}

TEST(Compat, OurCodeRunsInA64BitSegmentAndTheFrameLeadsBack) {
  Regs r = compat_regs();
  r.orig_rax = 407, r.rax = static_cast<std::uint64_t>(-514L);  // clock_nanosleep_time64
  EXPECT_FALSE(is_compat(at_sigreturn(r, 1, 2, 3)));
  EXPECT_FALSE(is_compat(at_entry(r, 1, 2, 3)));
  Xstate xstate(kFxsaveSize);
  alignas(64) std::byte bytes[2048]{};
  build_sigframe(bytes, 0x1000, 0xabc, for_sigreturn(r), xstate, 0, {.flags = kKeepAltstack});
  Sigframe f;
  std::memcpy(&f, bytes, sizeof f);
  EXPECT_EQ(f.mcontext.cs, kUserCs32);
  EXPECT_EQ(f.mcontext.rip, 0x8049000u);
  EXPECT_EQ(f.mcontext.rax, 407u);
  EXPECT_EQ(call_again(r, 230).rax, 407u);
}

}  // namespace
}  // namespace cr::arch::x86_64
