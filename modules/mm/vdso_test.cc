#include "mm/vdso.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <time.h>

#include <cstring>

namespace cr::mm {
namespace {

std::vector<std::uint8_t> own_code() {
  auto own = OwnVdso::find();
  EXPECT_TRUE(own.ok());
  return {own.value().code.begin(), own.value().code.end()};
}

/// Makes the dynamic entry with tag `tag` unknown to everybody.
void hide_dynamic(std::vector<std::uint8_t>& elf, std::int64_t tag) {
  auto* header = reinterpret_cast<Elf64_Ehdr*>(elf.data());
  auto* segments = reinterpret_cast<Elf64_Phdr*>(elf.data() + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type != PT_DYNAMIC) continue;
    for (auto* d = reinterpret_cast<Elf64_Dyn*>(elf.data() + segments[i].p_offset); d->d_tag != DT_NULL; ++d)
      if (d->d_tag == tag) d->d_tag = 0x6fff0000;
  }
}

TEST(VdsoElf, OwnFunctionsAreCallable) {
  auto functions = parse_vdso(own_code());
  ASSERT_TRUE(functions.ok());
  ASSERT_TRUE(functions.value().contains("__vdso_clock_gettime"));
  auto* function = reinterpret_cast<int (*)(clockid_t, timespec*)>(getauxval(AT_SYSINFO_EHDR) +
                                                                   functions.value().at("__vdso_clock_gettime"));
  timespec a{}, b{};
  clock_gettime(CLOCK_MONOTONIC, &a);
  EXPECT_EQ(function(CLOCK_MONOTONIC, &b), 0);
  EXPECT_GE(b.tv_sec, a.tv_sec);
}

TEST(VdsoElf, BothHashTablesTellTheSame) {
  auto whole = own_code(), no_hash = whole, no_gnu = whole, none = whole;
  hide_dynamic(no_hash, DT_HASH);
  hide_dynamic(no_gnu, DT_GNU_HASH);
  hide_dynamic(none, DT_HASH);
  hide_dynamic(none, DT_GNU_HASH);
  auto expected = parse_vdso(whole);
  ASSERT_TRUE(expected.ok());
  for (auto* elf : {&no_hash, &no_gnu}) {
    auto found = parse_vdso(*elf);
    if (*elf == none) continue;  // a kernel that has only one of them
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value(), expected.value());
  }
  EXPECT_FALSE(parse_vdso(none).ok());
}

TEST(VdsoElf, DamageIsAnErrorNotACrash) {
  auto elf = own_code();
  EXPECT_FALSE(parse_vdso({}).ok());
  for (std::size_t size = 0; size < elf.size(); size += 7) (void)parse_vdso({elf.data(), size}).ok();
  for (std::size_t at = 0; at < 0x700; ++at) {
    auto broken = elf;
    broken[at] ^= 0xff;
    (void)parse_vdso(broken).ok();
  }
}

TEST(KernelVdsos, That32BitProgramsHaveIsAnother) {
  KernelVdsos vdsos;
  auto compat = vdsos.of(true);
  if (!compat.ok()) GTEST_SKIP() << compat.error().sentence();
  const OwnVdso& own = *vdsos.of(false).value();
  EXPECT_EQ(compat.value()->code[4], 1);  // ELFCLASS32
  EXPECT_EQ(own.code[4], 2);
  EXPECT_EQ(compat.value()->place.vdso.size(), compat.value()->code.size());
}

TEST(VdsoFit, AllKinds) {
  auto own = OwnVdso::find().value();
  VdsoPlace moved = own.place;
  for (Range* r : {&moved.vdso, &moved.vvar}) r->start += 0x100000, r->end += 0x100000;
  auto code = own_code();
  auto fit = [&](const VdsoPlace& place, std::span<const std::uint8_t> c) { return compare_vdso(place, c, own); };
  EXPECT_EQ(fit({}, {}).value(), VdsoFit::kNone);
  EXPECT_EQ(fit(moved, code).value(), VdsoFit::kSame);
  EXPECT_EQ(fit(moved, {}).value(), VdsoFit::kSame);
  auto other = code;
  other.back() ^= 1;
  EXPECT_EQ(fit(moved, other).value(), VdsoFit::kSameFunctions);
  VdsoPlace apart = moved;
  apart.vvar.start -= 4096, apart.vvar.end -= 4096;
  EXPECT_EQ(fit(apart, code).value(), VdsoFit::kProxy);
  EXPECT_FALSE(fit(apart, {}).ok());
  code.resize(code.size() + 4096);
  moved.vdso.end += 4096;
  EXPECT_EQ(fit(moved, code).value(), VdsoFit::kProxy);
}

TEST(VdsoProxy, JumpsByName) {
  const VdsoFunctions own{{"__vdso_time", 0x40}, {"time", 0x40}}, old{{"__vdso_time", 0x100}, {"time", 0x100}};
  auto pokes = proxy_pokes(old, 0x10000, 0x1000, own, 0x20000);
  ASSERT_TRUE(pokes.ok());
  ASSERT_EQ(pokes.value().size(), 1u);
  EXPECT_EQ(pokes.value()[0].at, 0x10100u);
  EXPECT_FALSE(proxy_pokes(old, 0x10000, 0x108, own, 0).ok());                           // no room
  EXPECT_FALSE(proxy_pokes({{"__vdso_new", 0}}, 0, 0x1000, own, 0).ok());                // no counterpart
  EXPECT_FALSE(proxy_pokes({{"time", 0}, {"__vdso_time", 4}}, 0, 0x1000, own, 0).ok());  // too near
  EXPECT_TRUE(proxy_pokes({{"__vdso_getcpu", 0}}, 0, 0x1000, own, 0).ok());              // by system call
}

}  // namespace
}  // namespace cr::mm
