// Every backend's record of a thread in an image, on every host: what is written is read, and nothing of another
// architecture.
#include "arch/thread_image.h"

#include <gtest/gtest.h>

#include <cstring>

#include "arch/aarch64/thread_image.h"
#include "arch/aarch64/traits.h"
#include "arch/ppc64le/thread_image.h"
#include "arch/ppc64le/traits.h"
#include "arch/s390x/thread_image.h"
#include "arch/s390x/traits.h"
#include "arch/x86_64/thread_image.h"
#include "arch/x86_64/traits.h"
#include "task/core.pb.h"

namespace cr::arch {
namespace {

template <class A>
struct Sample;

template <>
struct Sample<x86_64::Traits> {
  using Image = x86_64::ThreadImage;
  static Image make() {
    Image t;
    t.regs.rip = 0x401000, t.regs.rsp = 0x7ffc1000, t.regs.cs = x86_64::kUserCs64, t.regs.orig_rax = 35;
    t.regs.fs_base = 0x7f00;
    t.fpu.legacy[32] = std::byte{9};
    t.fpu.has_xsave = true, t.fpu.xstate_bv = 7;
    t.fpu.components[2].assign(256, std::byte{3});
    t.clear_tid_address = 0x1234;
    return t;
  }
  static bool same(const Image& a, const Image& b) {
    return a.regs == b.regs && a.fpu.legacy == b.fpu.legacy && a.fpu.components == b.fpu.components &&
           a.clear_tid_address == b.clear_tid_address;
  }
  static Result<Image> get(const pb::core_entry& e) { return x86_64::get_thread_image(e); }
};

template <>
struct Sample<aarch64::Traits> {
  using Image = aarch64::ThreadImage;
  static Image make() {
    Image t;
    for (std::size_t i = 0; i < t.regs.x.size(); ++i) t.regs.x[i] = 0x1000 + i;
    t.regs.pc = 0x401000, t.regs.sp = 0x7ffc1000, t.regs.pstate = 0x60000000;
    for (std::size_t i = 0; i < t.fpu.fpsimd.v.size(); ++i) t.fpu.fpsimd.v[i] = 0x2000 + i;
    t.fpu.fpsimd.fpsr = 0x10, t.fpu.fpsimd.fpcr = 0xc00000;
    aarch64::SveHeader h;
    h.size = sizeof h + sizeof t.fpu.fpsimd, h.max_size = 8768, h.vl = 32, h.max_vl = 256;
    t.fpu.sve.resize(h.size);
    std::memcpy(t.fpu.sve.data(), &h, sizeof h);
    t.tls = 0xffff1234;
    t.pac = aarch64::PacKeys{{1, 2, 3, 4, 5, 6, 7, 8}, {9, 10}, 11};
    t.tagged_addr = 1;
    t.clear_tid_address = 0x1234;
    return t;
  }
  static bool same(const Image& a, const Image& b) {
    return a.regs == b.regs && a.fpu.fpsimd == b.fpu.fpsimd && a.fpu.sve == b.fpu.sve && a.tls == b.tls &&
           a.pac == b.pac && a.tagged_addr == b.tagged_addr && a.clear_tid_address == b.clear_tid_address;
  }
  static Result<Image> get(const pb::core_entry& e) { return aarch64::get_thread_image(e); }
};

template <>
struct Sample<ppc64le::Traits> {
  using Image = ppc64le::ThreadImage;
  static Image make() {
    Image t;
    for (std::size_t i = 0; i < t.regs.gpr.size(); ++i) t.regs.gpr[i] = 0x1000 + i;
    t.regs.nip = 0x401000, t.regs.msr = ppc64le::kMsr64 | ppc64le::kMsrLittle, t.regs.orig_gpr3 = 7;
    t.regs.ctr = 8, t.regs.link = 9, t.regs.xer = 10, t.regs.ccr = 11, t.regs.trap = 12;
    for (std::size_t i = 0; i < t.fpu.fp.size(); ++i) t.fpu.fp[i] = 0x2000 + i;
    for (std::size_t i = 0; i < t.fpu.altivec.size(); ++i) t.fpu.altivec[i] = 0x3000 + i;
    for (std::size_t i = 0; i < t.fpu.vsx.size(); ++i) t.fpu.vsx[i] = 0x4000 + i;
    t.fpu.vrsave = 0x55, t.tar = 0x66, t.dscr = 0x77;
    t.clear_tid_address = 0x1234;
    return t;
  }
  static bool same(const Image& a, const Image& b) {
    return a.regs == b.regs && a.fpu == b.fpu && a.tar == b.tar && a.dscr == b.dscr &&
           a.clear_tid_address == b.clear_tid_address;
  }
  static Result<Image> get(const pb::core_entry& e) { return ppc64le::get_thread_image(e); }
};

template <>
struct Sample<s390x::Traits> {
  using Image = s390x::ThreadImage;
  static Image make() {
    Image t;
    t.regs.psw_mask = s390x::kPsw64, t.regs.psw_addr = 0x401000, t.regs.orig_gpr2 = 7, t.regs.system_call = 8;
    for (std::size_t i = 0; i < 16; ++i) {
      t.regs.gpr[i] = 0x1000 + i, t.regs.acr[i] = static_cast<std::uint32_t>(0x5000 + i);
      t.fpu.registers.fp[i] = 0x2000 + i, t.fpu.registers.low[i] = 0x3000 + i;
    }
    for (std::size_t i = 0; i < 32; ++i) t.fpu.registers.high[i] = 0x4000 + i;
    t.fpu.registers.fpc = 0x800000, t.fpu.has_vectors = true;
    t.clear_tid_address = 0x1234;
    return t;
  }
  static bool same(const Image& a, const Image& b) {
    return a.regs == b.regs && a.fpu.registers == b.fpu.registers && a.fpu.has_vectors == b.fpu.has_vectors &&
           a.clear_tid_address == b.clear_tid_address;
  }
  static Result<Image> get(const pb::core_entry& e) { return s390x::get_thread_image(e); }
};

template <class A>
class ThreadImages : public testing::Test {};
using Backends = testing::Types<x86_64::Traits, aarch64::Traits, ppc64le::Traits, s390x::Traits>;
struct Names {
  template <class A>
  static std::string GetName(int) {
    return A::kName;
  }
};
TYPED_TEST_SUITE(ThreadImages, Backends, Names);

TYPED_TEST(ThreadImages, ComeBack) {
  const auto image = Sample<TypeParam>::make();
  pb::core_entry e;
  put_thread_image(image, e);
  pb::core_entry again;
  ASSERT_TRUE(again.ParsePartialFromString(e.SerializePartialAsString()));
  const auto got = Sample<TypeParam>::get(again);
  ASSERT_TRUE(got.ok()) << got.error().sentence();
  EXPECT_TRUE(Sample<TypeParam>::same(got.value(), image));
}

TYPED_TEST(ThreadImages, OfAnotherArchitectureAreRefusedWithBothNames) {
  pb::core_entry e;
  put_thread_image(Sample<TypeParam>::make(), e);
  const bool intel = std::string_view(TypeParam::kName) == "x86_64";
  const Error error = intel ? aarch64::get_thread_image(e).take_error() : x86_64::get_thread_image(e).take_error();
  EXPECT_NE(error.sentence().find("a thread of " + std::string(TypeParam::kName)), std::string::npos);
  EXPECT_NE(error.sentence().find(intel ? "this is aarch64" : "this is x86_64"), std::string::npos);
}

TYPED_TEST(ThreadImages, AnEmptyRecordIsRefused) {
  pb::core_entry e;
  put_architecture(typename Sample<TypeParam>::Image{}, e);
  EXPECT_FALSE(Sample<TypeParam>::get(e).ok());
}

TEST(ThreadImagesOfAarch64, DamagedRecordsAreRefused) {
  using S = Sample<aarch64::Traits>;
  pb::core_entry whole;
  put_thread_image(S::make(), whole);
  auto refused = [&](auto change) {
    pb::core_entry e = whole;
    change(*e.mutable_ti_aarch64());
    return !S::get(e).ok();
  };
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->mutable_regs()->RemoveLast(); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_fpsimd()->add_vregs(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->set_pstate(aarch64::kPstateMode32); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_fpsimd()->mutable_cr_sve()->pop_back(); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_fpsimd()->set_cr_sve("short"); }));
  EXPECT_FALSE(refused([](auto& t) { t.mutable_fpsimd()->clear_cr_sve(); }));
}

TEST(ThreadImagesOfPpc64le, DamagedRecordsAreRefused) {
  using S = Sample<ppc64le::Traits>;
  pb::core_entry whole;
  put_thread_image(S::make(), whole);
  auto refused = [&](auto change) {
    pb::core_entry e = whole;
    change(*e.mutable_ti_ppc64());
    return !S::get(e).ok();
  };
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->add_gpr(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->set_msr(ppc64le::kMsrLittle); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->set_msr(t.gpregs().msr() | 1ull << 34); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_tmstate()->mutable_gpregs(); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_fpstate()->add_fpregs(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_vrstate()->mutable_vrregs()->RemoveLast(); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_vsxstate()->add_vsxregs(1); }));
  EXPECT_FALSE(refused([](auto& t) { t.clear_vrstate(); }));
}

TEST(ThreadImagesOfS390x, DamagedRecordsAreRefused) {
  using S = Sample<s390x::Traits>;
  pb::core_entry whole;
  put_thread_image(S::make(), whole);
  auto refused = [&](auto change) {
    pb::core_entry e = whole;
    change(*e.mutable_ti_s390());
    return !S::get(e).ok();
  };
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->add_gprs(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->mutable_acrs()->RemoveLast(); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gpregs()->set_psw_mask(1ull << 31); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_gs_cb()->add_regs(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_ri_cb()->set_ri_on(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_fpregs()->add_fprs(1); }));
  EXPECT_TRUE(refused([](auto& t) { t.clear_vxrs_high(); }));
  EXPECT_TRUE(refused([](auto& t) { t.mutable_vxrs_low()->add_regs(1); }));
  EXPECT_FALSE(refused([](auto& t) { t.clear_vxrs_low(), t.clear_vxrs_high(); }));
}

}  // namespace
}  // namespace cr::arch
