// What every backend promises, tested on every host: frames, redirected registers, the restart rule, code.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "arch/aarch64/traits.h"
#include "arch/aarch64/vdso.h"
#include "arch/ppc64le/traits.h"
#include "arch/ppc64le/vdso.h"
#include "arch/s390x/traits.h"
#include "arch/s390x/vdso.h"
#include "arch/x86_64/traits.h"
#include "arch/x86_64/vdso.h"

namespace cr::arch {
namespace {

constexpr std::uint64_t kPc = 0x400100, kStack = 0x7ffc00001000, kFirst = 0x1111, kSecond = 0x2222;
constexpr long kSleep = 1, kBlockCode = -516;

/// A thread of each architecture, as capture() leaves it, in a call with number kSleep that a stop has interrupted
/// with `code` (-512 …), or that has returned `code`.
template <class A>
struct Interrupted;

template <>
struct Interrupted<x86_64::Traits> {
  static x86_64::Regs make(long code) {
    x86_64::Regs r{};
    r.rip = kPc, r.rsp = kStack, r.rdi = kFirst, r.rsi = kSecond;
    r.orig_rax = kSleep, r.rax = static_cast<std::uint64_t>(code);
    return r;
  }
  static constexpr std::uint64_t kCall = kPc - 2;
  static std::uint64_t number(const x86_64::Regs& r) { return r.rax; }
};

template <>
struct Interrupted<aarch64::Traits> {
  static aarch64::Regs make(long code) {
    aarch64::Regs r;
    r.pc = kPc, r.sp = kStack, r.x[0] = static_cast<std::uint64_t>(code), r.x[1] = kSecond, r.x[8] = kSleep;
    r.pstate = 0;
    r.call = kSleep;
    r.argument0 = kFirst;
    if (code <= -512) {  // the kernel has wound it back
      r.pc = kCall, r.x[0] = kFirst, r.interrupted = code;
      if (code == kBlockCode) r.x[8] = aarch64::kRestartSyscall;
    }
    return r;
  }
  static constexpr std::uint64_t kCall = kPc - 4;
  static std::uint64_t number(const aarch64::Regs& r) { return r.x[8]; }
};

template <>
struct Interrupted<ppc64le::Traits> {
  static ppc64le::Regs make(long code) {
    ppc64le::Regs r;
    r.nip = kPc, r.gpr[1] = kStack, r.gpr[4] = kSecond, r.orig_gpr3 = kFirst, r.gpr[0] = kSleep;
    r.msr = ppc64le::kMsr64 | ppc64le::kMsrLittle;
    r.trap = ppc64le::kTrapSc;
    r.gpr[3] = static_cast<std::uint64_t>(code < 0 ? -code : code);
    if (code < 0) r.ccr = ppc64le::kSummaryOverflow;
    return r;
  }
  static constexpr std::uint64_t kCall = kPc - 4;
  static std::uint64_t number(const ppc64le::Regs& r) { return r.gpr[0]; }
};

template <>
struct Interrupted<s390x::Traits> {
  static s390x::Regs make(long code) {
    s390x::Regs r;
    r.psw_mask = s390x::kPsw64, r.psw_addr = kPc, r.gpr[15] = kStack, r.gpr[2] = static_cast<std::uint64_t>(code);
    r.orig_gpr2 = kFirst, r.gpr[3] = kSecond, r.gpr[1] = kSleep, r.system_call = 2 << 16 | kSleep;
    return r;
  }
  static constexpr std::uint64_t kCall = kPc - 2;
  static std::uint64_t number(const s390x::Regs& r) { return r.gpr[1]; }
};

template <class A>
class Backend : public testing::Test {};
using Backends = testing::Types<x86_64::Traits, aarch64::Traits, ppc64le::Traits, s390x::Traits>;
struct Names {
  template <class A>
  static std::string GetName(int) {
    return A::kName;
  }
};
TYPED_TEST_SUITE(Backend, Backends, Names);

TYPED_TEST(Backend, ShowsWhatItIsIn) {
  using I = Interrupted<TypeParam>;
  for (const long code : {-512L, -514L, -516L, -4L}) {
    const auto r = I::make(code);
    EXPECT_EQ(TypeParam::syscall_nr(r), kSleep);
    EXPECT_EQ(TypeParam::return_value(r), code);
    EXPECT_EQ(syscall_arg(r, 0), kFirst);
    EXPECT_EQ(syscall_arg(r, 1), kSecond);
    EXPECT_FALSE(TypeParam::is_compat(r));
  }
}

TYPED_TEST(Backend, KindsOfRestart) {
  using I = Interrupted<TypeParam>;
  EXPECT_EQ(restart_kind(I::make(-512)), RestartKind::kUnlessNoFlag);
  EXPECT_EQ(restart_kind(I::make(-514)), RestartKind::kNoHandler);
  EXPECT_EQ(restart_kind(I::make(kBlockCode)), RestartKind::kBlock);
  EXPECT_EQ(restart_kind(I::make(-4)), RestartKind::kNone);
  EXPECT_EQ(restart_kind(I::make(17)), RestartKind::kNone);
}

TYPED_TEST(Backend, RunsTheCallAgain) {
  using I = Interrupted<TypeParam>;
  for (const long code : {-512L, -514L, -4L}) {
    const auto again = TypeParam::rewound(I::make(code));
    EXPECT_EQ(TypeParam::ip(again), I::kCall) << code;
    EXPECT_EQ(I::number(again), std::uint64_t{kSleep}) << code;
    EXPECT_EQ(syscall_arg(again, 0), kFirst) << code;
    EXPECT_LT(TypeParam::syscall_nr(again), 0) << code;
  }
}

TYPED_TEST(Backend, ForSigreturn) {
  using I = Interrupted<TypeParam>;
  const auto read = TypeParam::for_sigreturn(I::make(-512));
  EXPECT_EQ(TypeParam::ip(read), I::kCall);
  EXPECT_EQ(I::number(read), std::uint64_t{kSleep});
  // What was left of its time is the kernel's secret.
  const auto sleep = TypeParam::for_sigreturn(I::make(kBlockCode));
  EXPECT_EQ(TypeParam::ip(sleep), kPc);
  EXPECT_EQ(TypeParam::return_value(sleep), -4);
  const auto over = TypeParam::for_sigreturn(I::make(17));
  EXPECT_EQ(TypeParam::ip(over), kPc);
  EXPECT_EQ(TypeParam::return_value(over), 17);
}

/// A call with a timeout, from the dump over the images to the restored thread.
TYPED_TEST(Backend, GoesOnWithASleep) {
  using I = Interrupted<TypeParam>;
  auto kept = for_images(I::make(kBlockCode));
  EXPECT_EQ(TypeParam::ip(kept), kPc);
  auto run = kept;
  set_syscall_arg(run, 0, 0x9000);
  run = call_again(run, kSleep);
  EXPECT_EQ(TypeParam::ip(run), I::kCall);
  EXPECT_EQ(I::number(run), std::uint64_t{kSleep});
  EXPECT_EQ(syscall_arg(run, 0), 0x9000u);
  EXPECT_TRUE(take_outcome(kept, I::make(kBlockCode)));
  auto over = for_images(I::make(kBlockCode));
  EXPECT_FALSE(take_outcome(over, I::make(0)));
  EXPECT_EQ(TypeParam::ip(out_of_call(over)), kPc);
  EXPECT_EQ(TypeParam::return_value(out_of_call(over)), 0);
}

TYPED_TEST(Backend, RedirectedThreads) {
  using I = Interrupted<TypeParam>;
  constexpr std::uint64_t kGadget = 0x500000, kFrame = 0x7ffc00000440, kSigreturnAt = 0x600000, kEntry = 0x700000;
  const auto own = I::make(-512);
  const auto armed = TypeParam::at_sigreturn(own, kGadget, kFrame, kSigreturnAt);
  EXPECT_EQ(TypeParam::ip(armed), kGadget);
  EXPECT_LT(TypeParam::syscall_nr(armed), 0);
  const std::array<std::uint64_t, 6> args{1, 2, 3, 4, 5, 6};
  const auto other = TypeParam::instead_of_sigreturn(armed, kFrame, 222, args);
  EXPECT_EQ(TypeParam::sp(other), kFrame);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(syscall_arg(other, i), args[static_cast<std::size_t>(i)]);
  const auto call = at_syscall(own, kGadget, 222, args);
  EXPECT_EQ(TypeParam::ip(call), kGadget);
  EXPECT_EQ(I::number(call), 222u);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(syscall_arg(call, i), args[static_cast<std::size_t>(i)]);
  const auto blob = TypeParam::at_entry(own, kEntry, kStack, 0xa000);
  EXPECT_EQ(TypeParam::ip(blob), kEntry);
  EXPECT_EQ(TypeParam::sp(blob), kStack);
  EXPECT_EQ(syscall_arg(blob, 0), 0xa000u);
  EXPECT_LT(TypeParam::syscall_nr(blob), 0);
}

/// The frame has room for what it should hold, whatever the size of the extended registers.
TYPED_TEST(Backend, FrameSizes) {
  using I = Interrupted<TypeParam>;
  for (const std::size_t size : {528u, 544u, 2696u, 8768u}) {
    std::vector<std::byte> out(TypeParam::sigframe_size(size) + 64, std::byte{0xee});
    const typename TypeParam::Xstate xstate(size);
    const auto regs = TypeParam::for_sigreturn(I::make(-512));
    EXPECT_EQ(build_sigframe(out, kStack, 0xabc, regs, xstate, 0, {}), kStack);
    for (std::size_t i = TypeParam::sigframe_size(size); i < out.size(); ++i) ASSERT_EQ(out[i], std::byte{0xee}) << i;
  }
}

TEST(VdsoPatches, FitTheirPlace) {
  for (const std::uint64_t target : {0x1000ul, 0x7fff'1234'5678ul}) {
    EXPECT_LE(x86_64::vdso_jump(target).size, 16u);
    EXPECT_LE(aarch64::vdso_jump(target).size, 16u);
    EXPECT_LE(ppc64le::vdso_jump(target).size, 24u);
    EXPECT_LE(s390x::vdso_jump(target).size, 16u);
  }
  EXPECT_EQ(ppc64le::vdso_syscall(246).size, 12u);
  EXPECT_EQ(ppc64le::vdso_syscall_of("__kernel_clock_gettime"), 246);
  EXPECT_EQ(s390x::vdso_syscall(260).size, 8u);
  EXPECT_EQ(s390x::vdso_syscall_of("__kernel_clock_gettime"), 260);
  EXPECT_TRUE(s390x::vdso_keeps("__kernel_restart_syscall"));
  EXPECT_TRUE(ppc64le::vdso_keeps("__kernel_sigtramp_rt64"));
  EXPECT_EQ(aarch64::vdso_syscall(113).size, 12u);
  EXPECT_EQ(aarch64::vdso_syscall_of("__kernel_clock_gettime"), 113);
  EXPECT_TRUE(aarch64::vdso_keeps("__kernel_rt_sigreturn"));
  EXPECT_FALSE(aarch64::vdso_syscall_of("__kernel_rt_sigreturn").has_value());
}

}  // namespace
}  // namespace cr::arch
