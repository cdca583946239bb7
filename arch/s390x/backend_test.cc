// What is peculiar to s390x: where the number of a call stands, and the halves of its vectors.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "arch/s390x/fpu_state.h"
#include "arch/s390x/traits.h"
#include "arch/s390x/vdso.h"

namespace cr::arch::s390x {
namespace {

Regs stopped(std::uint64_t r2) {
  Regs r;
  r.psw_mask = kPsw64, r.psw_addr = 0x1000, r.gpr[2] = r2, r.orig_gpr2 = 0xb0ff, r.gpr[15] = 0x8000;
  r.acr = {0x3ff, 0x1234};
  r.system_call = 2 << 16 | 3;
  return r;
}

Vectors sample() {
  Vectors v;
  for (std::size_t i = 0; i < 16; ++i) v.fp[i] = 0x100 + i, v.low[i] = 0x200 + i;
  for (std::size_t i = 0; i < 32; ++i) v.high[i] = 0x300 + i;
  v.fpc = 0x880000;
  return v;
}

TEST(Calls, AnEntryStopTakesTheNumberFromTheRegisterOfTheResult) {
  const std::array<std::uint64_t, 2> args{11, 12};
  const Regs armed = at_sigreturn(stopped(static_cast<std::uint64_t>(-512L)), 0x5000, 0x9000, 0x6000);
  EXPECT_EQ(armed.gpr[1], 173u);
  EXPECT_EQ(armed.gpr[14], 0x6000u);
  EXPECT_EQ(armed.system_call, 0u);
  const Regs other = instead_of_sigreturn(armed, 0x9000, 91, args);
  EXPECT_EQ(other.gpr[2], 91u);
  EXPECT_EQ(other.orig_gpr2, 11u);
  EXPECT_EQ(other.gpr[3], 12u);
  EXPECT_EQ(other.psw_addr, 0x5002u);
}

TEST(Calls, NoneWithoutItsRegset) {
  Regs r = stopped(static_cast<std::uint64_t>(-512L));
  EXPECT_EQ(restart_kind(r), RestartKind::kUnlessNoFlag);
  r.system_call = 0;
  EXPECT_EQ(restart_kind(r), RestartKind::kNone);
  EXPECT_EQ(for_sigreturn(r).gpr[2], static_cast<std::uint64_t>(-512L));
}

TEST(XstateOfS390x, WithAndWithoutVectors) {
  Xstate area(sizeof(Vectors));
  overlay_xstate({sample(), true}, area);
  EXPECT_EQ(split_xstate(area).registers, sample());
  EXPECT_TRUE(split_xstate(area).has_vectors);
  Xstate old(kFpBytes);
  overlay_xstate({sample(), true}, old);
  EXPECT_EQ(old.size(), kFpBytes);
  const FpuState s = split_xstate(old);
  EXPECT_FALSE(s.has_vectors);
  EXPECT_EQ(s.registers.fp, sample().fp);
  EXPECT_EQ(s.registers.low[0], 0u);
  EXPECT_EQ(missing_xfeatures(s), "");
}

TEST(FrameOfS390x, HoldsWhatItShould) {
  Xstate area(sizeof(Vectors));
  overlay_xstate({sample(), true}, area);
  std::vector<std::byte> out(sigframe_size(area.size()));
  build_sigframe(out, 0x7000, 0xabc, for_sigreturn(stopped(static_cast<std::uint64_t>(-512L))), area, 0x55,
                 {.flags = kKeepAltstack});
  Sigframe f;
  std::memcpy(&f, out.data(), sizeof f);
  EXPECT_EQ(f.sigreturn, 0xabcu);
  EXPECT_EQ(f.sigmask, 0x55u);
  EXPECT_EQ(f.psw_mask, kPsw64);
  EXPECT_EQ(f.psw_addr, 0xffeu);
  EXPECT_EQ(f.gpr[2], 0xb0ffu);
  EXPECT_EQ(f.acr[1], 0x1234u);
  EXPECT_EQ(f.fpc, 0x880000u);
  EXPECT_EQ(std::memcmp(f.fp, sample().fp.data(), sizeof f.fp), 0);
  EXPECT_EQ(std::memcmp(f.low, sample().low.data(), sizeof f.low), 0);
  EXPECT_EQ(std::memcmp(f.high, sample().high.data(), sizeof f.high), 0);
}

TEST(VdsoOfS390x, CodeIsAssembledRight) {
  const VdsoPatch jump = vdso_jump(0x1122334455667788), call = vdso_syscall(260);
  const std::uint8_t expected[] = {0xc0, 0x1e, 0x11, 0x22, 0x33, 0x44, 0xc0,
                                   0x19, 0x55, 0x66, 0x77, 0x88, 0x07, 0xf1};
  ASSERT_EQ(jump.size, sizeof expected);
  EXPECT_EQ(std::memcmp(jump.code.data(), expected, sizeof expected), 0);
  const std::uint8_t svc[] = {0xa7, 0x19, 0x01, 0x04, 0x0a, 0x00, 0x07, 0xfe};
  ASSERT_EQ(call.size, sizeof svc);
  EXPECT_EQ(std::memcmp(call.code.data(), svc, sizeof svc), 0);
}

}  // namespace
}  // namespace cr::arch::s390x
