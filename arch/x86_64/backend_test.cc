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

}  // namespace
}  // namespace cr::arch::x86_64
