// What is peculiar to aarch64: what was interrupted has to be noted, and a frame is a list of records.
#include <gtest/gtest.h>

#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

#include "arch/aarch64/fpu_state.h"
#include "arch/aarch64/traits.h"

namespace cr::arch::aarch64 {
namespace {

constexpr std::uint32_t kSvc = 0xd4000001, kNop = 0xd503201f;
constexpr std::uint64_t kBuffer = 0xb0ff;
constexpr long kRead = 63, kNanosleep = 101, kPpoll = 73, kEpollPwait = 22;

Regs stopped(long nr, std::uint64_t x0) {
  Regs r;
  r.pstate = 0;
  r.pc = 0x1000, r.x[0] = x0, r.x[8] = static_cast<std::uint64_t>(nr);
  return r;
}

RestartKind kind_of(long nr, bool timed) {
  Regs r = stopped(nr, kBuffer);
  note_interrupted(r, {nr, kBuffer, timed, false}, kNop, kSvc);
  EXPECT_EQ(syscall_nr(r), nr);
  return restart_kind(r);
}

TEST(Note, RewoundCalls) {
  EXPECT_EQ(kind_of(kRead, false), RestartKind::kUnlessNoFlag);
  EXPECT_EQ(kind_of(kPpoll, false), RestartKind::kNoHandler);
  EXPECT_EQ(kind_of(kNanosleep, true), RestartKind::kBlock);
}

// The kernel would put that number there; it has forgotten to once the thread has run anything else.
TEST(Note, ATimedCallGoesOnByItsRestart) {
  Regs r = stopped(kNanosleep, kBuffer);
  note_interrupted(r, {kNanosleep, kBuffer, true, false}, kNop, kSvc);
  EXPECT_EQ(r.x[8], 128u);
  EXPECT_EQ(r.pc, 0x1000u);
  Regs again = stopped(kRestartSyscall, kBuffer);
  note_interrupted(again, {kNanosleep, kBuffer, true, true}, kNop, kSvc);
  EXPECT_EQ(syscall_nr(again), kRestartSyscall);
  EXPECT_EQ(restart_kind(again), RestartKind::kBlock);
}

TEST(Note, EintrIsSeenWithItsCall) {
  Regs r = stopped(kEpollPwait, static_cast<std::uint64_t>(-4L));
  note_interrupted(r, {kEpollPwait, 7, false, false}, kSvc, kNop);
  EXPECT_EQ(syscall_nr(r), kEpollPwait);
  EXPECT_EQ(return_value(r), -4);
  const Regs again = rewound(r);
  EXPECT_EQ(again.pc, 0xffcu);
  EXPECT_EQ(again.x[0], 7u);
}

TEST(Note, NothingWhenItWentOn) {
  for (const auto& [nr, x0, before, at] : {std::tuple{kNanosleep, kBuffer, kNop, kSvc},      // another call
                                           std::tuple{kRead, kBuffer + 1, kNop, kSvc},       // another argument
                                           std::tuple{kRead, std::uint64_t{5}, kSvc, kNop},  // it has returned
                                           std::tuple{kRead, kBuffer, kNop, kNop}}) {
    Regs r = stopped(nr, x0);
    note_interrupted(r, {kRead, kBuffer, false, false}, before, at);
    EXPECT_EQ(syscall_nr(r), -1);
    EXPECT_EQ(restart_kind(r), RestartKind::kNone);
    EXPECT_EQ(for_sigreturn(r).x[0], x0);
  }
}

TEST(Note, A32BitThreadIsSeen) {
  const Regs r;  // its regset is shorter and leaves pstate alone
  EXPECT_TRUE(is_compat(r));
}

Fpsimd sample() {
  Fpsimd f;
  for (std::size_t i = 0; i < f.v.size(); ++i) f.v[i] = 0x0101010101010101ull * (i + 1);
  f.fpsr = 0x10, f.fpcr = 0x3000000;
  return f;
}

/// An area as the kernel gives it, with live vectors of `vl` bytes whose low parts are those of `f`.
Xstate live_area(const Fpsimd& f, std::uint16_t vl) {
  Xstate area(8768, std::byte{0x77});
  SveHeader h;
  h.size = static_cast<std::uint32_t>((sve_fpsr_offset(vl) + 8 + 15) / 16 * 16), h.max_size = 8768;
  h.vl = vl, h.max_vl = 256, h.flags = kSveLive;
  std::memcpy(area.data(), &h, sizeof h);
  for (std::size_t i = 0; i < 32; ++i) std::memcpy(area.data() + sizeof h + i * vl, &f.v[2 * i], 16);
  std::memcpy(area.data() + sve_fpsr_offset(vl), &f.fpsr, 8);
  return area;
}

Xstate idle_area(const Fpsimd& f) {
  Xstate area(8768);
  SveHeader h;
  h.size = sizeof h + sizeof f, h.max_size = 8768, h.vl = 64, h.max_vl = 256;
  std::memcpy(area.data(), &h, sizeof h);
  std::memcpy(area.data() + sizeof h, &f, sizeof f);
  return area;
}

TEST(Xstate, AllThreeKindsHoldTheSame) {
  const Fpsimd f = sample();
  Xstate plain(sizeof f);
  std::memcpy(plain.data(), &f, sizeof f);
  for (const Xstate& area : {plain, idle_area(f), live_area(f, 16), live_area(f, 64), live_area(f, 256)}) {
    EXPECT_EQ(split_xstate(area).fpsimd, f);
  }
  EXPECT_TRUE(split_xstate(plain).sve.empty());
  EXPECT_EQ(split_xstate(idle_area(f)).sve.size(), 544u);
}

TEST(Xstate, GoesBack) {
  const Fpsimd f = sample();
  Xstate area = idle_area({});
  overlay_xstate(split_xstate(live_area(f, 64)), area);
  EXPECT_EQ(fpsimd_of(area.data(), area.size()), f);
  EXPECT_EQ(sve_header(area.data(), area.size()).vl, 64);
  Xstate plain(sizeof f);
  overlay_xstate(split_xstate(live_area(f, 64)), plain);
  EXPECT_EQ(plain.size(), sizeof f);
  std::memcpy(plain.data(), &f, sizeof f);
  area = live_area({}, 64);
  overlay_xstate(split_xstate(plain), area);  // from a CPU without SVE
  EXPECT_EQ(fpsimd_of(area.data(), area.size()), f);
}

/// The records of a frame for `area`, those that lie elsewhere included: magic to place.
std::vector<std::pair<std::uint32_t, std::size_t>> records_of(const Xstate& area, std::vector<std::byte>& out) {
  constexpr std::uint64_t kAt = 0x7ffc00001000;
  out.assign(sigframe_size(area.size()) + sizeof(Sigframe), std::byte{0xee});
  Regs r = stopped(kRead, 1);
  r.sp = 0x8000;
  build_sigframe(out, kAt, 0xabc, r, area, 0x55, {.flags = kKeepAltstack});
  std::vector<std::pair<std::uint32_t, std::size_t>> found;
  std::size_t next = 0;
  for (std::size_t at = offsetof(Sigframe, records);;) {
    FrameRecord head;
    std::memcpy(&head, out.data() + at, sizeof head);
    if (head.magic == 0) {
      EXPECT_EQ(head.size, 0u);
      if (next == 0) return found;
      EXPECT_EQ(next, at + kEndSize);
      at = std::exchange(next, 0);
      continue;
    }
    EXPECT_EQ(head.size % 16, 0u);
    found.emplace_back(head.magic, at);
    if (head.magic == kExtraMagic) {
      ExtraRecord extra;
      std::memcpy(&extra, out.data() + at, sizeof extra);
      next = extra.data - kAt;
      EXPECT_LE(next + extra.size, sigframe_size(area.size()));
    }
    at += head.size;
  }
}

TEST(FrameOfAarch64, HoldsWhatItShould) {
  std::vector<std::byte> out;
  const auto found = records_of(idle_area(sample()), out);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].first, kFpsimdMagic);
  Sigframe f;
  std::memcpy(&f, out.data(), sizeof f);
  EXPECT_EQ(f.sigreturn, 0xabcu);
  EXPECT_EQ(f.sigmask, 0x55u);
  EXPECT_EQ(f.pc, 0x1000u);
  EXPECT_EQ(f.sp, 0x8000u);
  EXPECT_EQ(f.regs[8], std::uint64_t{kRead});
  std::uint32_t control[2];
  std::memcpy(control, out.data() + found[0].second + 8, sizeof control);
  EXPECT_EQ(control[0], 0x10u);
  EXPECT_EQ(control[1], 0x3000000u);
  EXPECT_EQ(std::memcmp(out.data() + found[0].second + 16, sample().v.data(), sizeof sample().v), 0);
}

TEST(FrameOfAarch64, LiveVectors) {
  std::vector<std::byte> out;
  for (const std::uint16_t vl : {16, 64, 256}) {
    const Xstate area = live_area(sample(), vl);
    const auto found = records_of(area, out);
    ASSERT_EQ(found.back().first, kSveMagic) << vl;
    EXPECT_EQ(found.size(), vl == 256 ? 3u : 2u);
    const std::size_t at = found.back().second;
    SveRecord record;
    std::memcpy(&record, out.data() + at, sizeof record);
    EXPECT_EQ(record.vl, vl);
    EXPECT_EQ(std::memcmp(out.data() + at + sizeof record, area.data() + sizeof(SveHeader), sve_register_bytes(vl)),
              0);
  }
}

}  // namespace
}  // namespace cr::arch::aarch64
