// Parsers of /proc, the choice of a place for the frame, the table of interrupted calls.
#include <gtest/gtest.h>

#include <cstring>

#include "arch/host.h"
#include "base/command.h"
#include "base/rel_span.h"
#include "infect/frame_place.h"
#include "infect/proc_thread.h"
#include "infect/restart_table.h"
#include "infect/session_mapping.h"
#include "infect/target_maps.h"

namespace cr::infect::test {
namespace {

constexpr const char* kMaps =
    "00400000-00401000 r-xp 00001000 fe:01 4711                               /opt/a b (deleted)\n"
    "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n"
    "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
    "7ffc00100000-7ffc00102000 r-xp 00000000 00:00 0                          [vdso]\n"
    "garbage\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]";

TEST(Maps, Parse) {
  const auto maps = parse_maps(kMaps);
  ASSERT_EQ(maps.size(), 5u);
  EXPECT_EQ(maps[0].name, "/opt/a b (deleted)");
  EXPECT_EQ(maps[0].offset, 0x1000u);
  EXPECT_EQ(maps[0].inode, 4711u);
  EXPECT_EQ(maps[0].device, 0xfe00000001u);
  EXPECT_TRUE(maps[0].executable && maps[0].readable && !maps[0].writable && !maps[0].shared);
  EXPECT_EQ(maps[1].name, "");
  EXPECT_EQ(maps[4].end, 0xffffffffff601000u);
  EXPECT_FALSE(maps[4].readable);
  EXPECT_EQ(mapping_at(maps, 0x400fff), &maps[0]);
  EXPECT_EQ(mapping_at(maps, 0x401000), nullptr);
  EXPECT_TRUE(parse_maps("").empty());
}

TEST(FramePlace, BelowTheRedZoneOfTheMainStack) {
  const auto maps = parse_maps(kMaps);
  auto at = choose_frame_place(HostPid{1}, maps, 0x7ffc00020000, 3000);
  ASSERT_TRUE(at.ok());
  EXPECT_LE(at.value() + 3000, 0x7ffc00020000 - arch::kRedZone);
  EXPECT_GE(at.value(), 0x7ffc00020000 - arch::kRedZone - 3000 - 64);
  EXPECT_EQ(at.value() % 64, 0u);
}

TEST(FramePlace, OwnMappingWhenTheMainStackIsFull) {
  // Of a process that does not exist nothing can be said about pages: they count as used.
  const auto maps = parse_maps(kMaps);
  auto at = choose_frame_place(HostPid{0x3ffffff}, maps, 0x7f0000010000, 3000);
  ASSERT_TRUE(at.ok());
  EXPECT_LT(at.value(), 0x7f0000010000u);
  EXPECT_FALSE(choose_frame_place(HostPid{0x3ffffff}, maps, 0x7f0000000100, 3000).ok());
  EXPECT_FALSE(choose_frame_place(HostPid{0x3ffffff}, maps, 0x400800, 3000).ok());
}

TEST(Stat, CommMayHoldAnything) {
  const auto s = parse_stat(
      "17 (a) R 1) S 1 17 17 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 300 1000 10 18446744073709551615 1 1 0 0 0 0 0 "
      "0 0 "
      "0 0 0 17 1 0 0 0 0 0");
  EXPECT_EQ(s.state, 'S');
  EXPECT_EQ(s.flags, 4194560u);
  EXPECT_EQ(s.cpu, 1);
  EXPECT_EQ(parse_stat("nonsense").state, 0);
}

TEST(Status, Fields) {
  const auto s = parse_status(
      "Name:\tState:\tx\nUmask:\t0022\nState:\tS (sleeping)\nTracerPid:\t42\nKthread:\t1\nSigPnd:\t0000000000000200\n"
      "ShdPnd:\t0000000000000400\nSigBlk:\tfffffffffffbfeff\nSigIgn:\t0\nSigCgt:\t0000000000000600\nSeccomp:\t2\n");
  EXPECT_EQ(s.state, 'S');
  EXPECT_EQ(s.tracer, 42);
  EXPECT_TRUE(s.kernel_thread);
  EXPECT_EQ(s.pending, 0x200u);
  EXPECT_EQ(s.shared_pending, 0x400u);
  EXPECT_EQ(s.blocked, 0xfffffffffffbfeffu);
  EXPECT_EQ(s.caught, 0x600u);
  EXPECT_EQ(s.seccomp, 2);
}

TEST(Restart, Table) {
  EXPECT_EQ(interrupted_call(__NR_nanosleep)->timeout, Timeout::kKept);
  EXPECT_EQ(interrupted_call(__NR_read)->timeout, Timeout::kSocketReceive);
  EXPECT_EQ(interrupted_call(__NR_close), nullptr);
}

TEST(Wire, IdsAndSpans) {
  static_assert(command_id("") == 0x811c9dc5u);
  static_assert(command_id("a") == 0xe40c292cu);
  alignas(8) std::byte memory[64];
  const Arena arena{memory, sizeof memory};
  EXPECT_EQ(arena.view(RelSpan<std::uint64_t>{8, 7}).size(), 7u);
  EXPECT_TRUE(arena.view(RelSpan<std::uint64_t>{8, 8}).empty());
  EXPECT_TRUE(arena.view(RelSpan<std::uint64_t>{4, 1}).empty());
  EXPECT_TRUE(arena.view(RelSpan<std::uint64_t>{0xfffffff8, 0xffffffff}).empty());
  EXPECT_TRUE(arena.view(RelSpan<char>{64, 0}).empty());
}

TEST(Layout, PiecesDoNotOverlap) {
  const Layout l = Layout::of(5000, 3000, 100000);
  EXPECT_EQ(l.control, 8192u);
  EXPECT_GE(l.wires, l.control + sizeof(Control));
  EXPECT_LT(l.wires_end, l.stack_top);
  EXPECT_EQ(l.arena, l.frame + 4096);
  EXPECT_EQ(l.size, l.arena + 102400);
  EXPECT_FALSE(parasite_code().empty());
}

}  // namespace
}  // namespace cr::infect::test
