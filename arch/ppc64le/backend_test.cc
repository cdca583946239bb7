// What is peculiar to ppc64le: two instructions for system calls that report errors differently, and a frame that has
// to announce its vectors.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "arch/ppc64le/fpu_state.h"
#include "arch/ppc64le/traits.h"
#include "arch/ppc64le/vdso.h"

namespace cr::arch::ppc64le {
namespace {

Regs stopped(std::uint64_t trap, std::uint64_t r3, bool overflow) {
  Regs r;
  r.msr = kMsr64 | kMsrLittle;
  r.nip = 0x1000, r.gpr[0] = 162, r.gpr[1] = 0x8000, r.gpr[3] = r3, r.orig_gpr3 = 0xb0ff, r.trap = trap;
  r.ccr = overflow ? kSummaryOverflow : 0;
  return r;
}

TEST(Calls, BothInstructionsTellErrors) {
  const auto minus = [](long n) { return static_cast<std::uint64_t>(-n); };
  EXPECT_EQ(restart_kind(stopped(kTrapSc, 512, true)), RestartKind::kUnlessNoFlag);
  EXPECT_EQ(restart_kind(stopped(kTrapSc, 512, false)), RestartKind::kNone);  // 512 bytes were read
  EXPECT_EQ(restart_kind(stopped(kTrapScv, minus(516), false)), RestartKind::kBlock);
  // The bit is left over from whatever was compared before.
  EXPECT_EQ(restart_kind(stopped(kTrapScv, minus(516), true)), RestartKind::kBlock);
  EXPECT_EQ(restart_kind(stopped(kTrapSc | 1, 512, true)), RestartKind::kNone);  // it comes from rt_sigreturn
  EXPECT_EQ(syscall_nr(stopped(0x900, 512, true)), -1);                          // its time slice was over
}

TEST(Calls, EintrIsToldAsTheInstructionTellsIt) {
  const Regs sc = for_sigreturn(stopped(kTrapSc, 516, true));
  EXPECT_EQ(sc.gpr[3], 4u);
  EXPECT_TRUE(sc.ccr & kSummaryOverflow);
  const Regs scv = for_sigreturn(stopped(kTrapScv, static_cast<std::uint64_t>(-516L), false));
  EXPECT_EQ(scv.gpr[3], static_cast<std::uint64_t>(-4L));
  EXPECT_EQ(return_value(scv), -4);
  EXPECT_EQ(scv.nip, 0x1000u);
  EXPECT_EQ(scv.trap, 0u);
}

// The kernel would leave its own code in the register of the first argument.
TEST(Calls, ASleepGoesOnWithItsArguments) {
  const Regs on = restart_by_hand(stopped(kTrapSc, 516, true));
  EXPECT_EQ(on.nip, 0xffcu);
  EXPECT_EQ(on.gpr[0], 0u);
  EXPECT_EQ(on.gpr[3], 0xb0ffu);
  EXPECT_EQ(on.trap, 0u);
  EXPECT_EQ(restart_by_hand(stopped(kTrapSc, 512, true)), stopped(kTrapSc, 512, true));
}

TEST(FrameOfPpc64le, HoldsWhatItShould) {
  Vectors v;
  for (std::size_t i = 0; i < v.fp.size(); ++i) v.fp[i] = 0x100 + i;
  for (std::size_t i = 0; i < v.altivec.size(); ++i) v.altivec[i] = 0x200 + i;
  for (std::size_t i = 0; i < v.vsx.size(); ++i) v.vsx[i] = 0x300 + i;
  v.vrsave = 0x77;
  Xstate area;
  overlay_xstate(v, area);
  EXPECT_EQ(split_xstate(area), v);
  constexpr std::uint64_t kAt = 0x7ffc00001000;
  std::vector<std::byte> out(sigframe_size(area.size()));
  build_sigframe(out, kAt, 0xabc, for_sigreturn(stopped(kTrapSc, 512, true)), area, 0x55, {.flags = kKeepAltstack});
  Sigframe f;
  std::memcpy(&f, out.data(), sizeof f);
  EXPECT_EQ(f.sigreturn, 0xabcu);
  EXPECT_EQ(f.sigmask, 0x55u);
  EXPECT_EQ(f.regs.nip, 0xffcu);
  EXPECT_EQ(f.regs.gpr[3], 0xb0ffu);
  EXPECT_EQ(f.regs.msr, kMsr64 | kMsrLittle | kMsrVector | kMsrVsx);
  EXPECT_EQ(f.v_regs, kAt + offsetof(Sigframe, altivec));
  EXPECT_EQ(f.v_regs % 16, 0u);
  EXPECT_EQ(std::memcmp(f.fp, v.fp.data(), sizeof f.fp), 0);
  EXPECT_EQ(std::memcmp(f.altivec, v.altivec.data(), sizeof f.altivec), 0);
  EXPECT_EQ(f.vrsave, 0x77u);
  EXPECT_EQ(std::memcmp(f.vsx, v.vsx.data(), sizeof f.vsx), 0);
}

TEST(VdsoOfPpc64le, JumpsAreAssembledRight) {
  const VdsoPatch p = vdso_jump(0x7fff'1234'5678);
  const std::uint8_t expected[] = {0xff, 0x7f, 0x80, 0x39, 0xc6, 0x07, 0x8c, 0x79, 0x34, 0x12, 0x8c, 0x65,
                                   0x78, 0x56, 0x8c, 0x61, 0xa6, 0x03, 0x89, 0x7d, 0x20, 0x04, 0x80, 0x4e};
  ASSERT_EQ(p.size, sizeof expected);
  EXPECT_EQ(std::memcmp(p.code.data(), expected, sizeof expected), 0);
}

}  // namespace
}  // namespace cr::arch::ppc64le
