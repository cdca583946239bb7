// Extended registers between processors that have other components.
#include "arch/x86_64/fpu_state.h"

#include <gtest/gtest.h>

#include <cstring>

namespace cr::arch::x86_64 {
namespace {

constexpr std::uint64_t kBaseline = 3;  // x87 and SSE: everybody has them
constexpr unsigned kLastKnown = 19;     // APX

TEST(FpuState, MissingComponentsAreNamed) {
  FpuState s;
  s.has_xsave = true;
  s.xstate_bv = kBaseline;
  EXPECT_EQ(missing_xfeatures(s), "");
  s.xstate_bv |= std::uint64_t{1} << 10;  // PASID: a supervisor component, never in XCR0
  EXPECT_EQ(missing_xfeatures(s), "PASID");
  s.xstate_bv |= std::uint64_t{1} << 8 | std::uint64_t{1} << (kLastKnown + 1);
  EXPECT_EQ(missing_xfeatures(s), "PT, PASID, unknown");
  s.has_xsave = false;
  EXPECT_EQ(missing_xfeatures(s), "");
}

// From a processor with less: what it did not have is in its initial state.
TEST(FpuState, ASmallerArea) {
  FpuState s;
  s.legacy[32] = std::byte{7};
  s.has_xsave = true;
  s.xstate_bv = kBaseline;
  Xstate area(kMaxXstate, std::byte{0xff});
  overlay_xstate(s, area);
  std::uint64_t bv = 0;
  std::memcpy(&bv, area.data() + kFxsaveSize, sizeof bv);
  EXPECT_EQ(bv, kBaseline);
  EXPECT_EQ(area[32], std::byte{7});
}

// From one with more, whose further components are unused: they are left out, within the area that is there.
TEST(FpuState, ALargerArea) {
  FpuState s;
  s.has_xsave = true;
  s.xstate_bv = kBaseline;
  constexpr unsigned kNobodyHas = 62;
  s.components[kNobodyHas].assign(kMaxXstate, std::byte{1});
  EXPECT_EQ(missing_xfeatures(s), "");
  constexpr std::size_t kSmall = 832;  // up to AVX
  Xstate area(kSmall);
  overlay_xstate(s, area);
  EXPECT_EQ(area.size(), kSmall);
  for (std::size_t i = kFxsaveSize + 64; i < kSmall; ++i) ASSERT_EQ(area[i], std::byte{0}) << i;
}

}  // namespace
}  // namespace cr::arch::x86_64
