#include <fstream>
#include <iterator>

#include "core/image_codec.h"
#include "core/image_fixture.h"
#include "engine/stats.h"
#include "engine/stats.pb.h"

namespace cr::engine {
namespace {

// The figures of the sample set `tree`.
DumpStats sample_figures() {
  DumpStats s;
  s.freezing_us = 591;
  s.frozen_us = 25129;
  s.memdump_us = 1185;
  s.memwrite_us = 200;
  s.pages_scanned = 84;
  s.pages_written = 54;
  s.page_pipes = 14;
  s.page_pipe_bufs = 14;
  s.shpages_scanned = 17;
  s.shpages_written = 17;
  return s;
}

TEST(StatsImage, DumpIsTheSampleByteForByte) {
  if (core::sample_sets().empty()) GTEST_SKIP() << "the sample sets are not here";
  std::ifstream in(core::sample_sets() + "/tree/stats-dump", std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  core::TempDir dir;
  ASSERT_TRUE(write_stats(dir.path(), sample_figures()).ok());
  EXPECT_EQ(dir.read("stats-dump"), expected);
}

TEST(StatsImage, RestoreRoundTripReplacesTheOlder) {
  core::TempDir dir;
  RestoreStats s;
  s.forking_us = 1;
  s.restore_us = 2;
  s.pages_compared = 3;
  s.pages_skipped_cow = 4;
  s.pages_restored = 5;
  dir.write("stats-restore", "an older file, which is longer than the one that comes in its place");
  ASSERT_TRUE(write_stats(dir.path(), s).ok());
  auto reader = core::ImageReader::open(dir.fd(), core::ImageType::kStatsRestore);
  ASSERT_TRUE(reader.ok());
  pb::stats_entry entry;
  ASSERT_TRUE(reader.value().only(entry).ok());
  EXPECT_FALSE(entry.has_dump());
  EXPECT_EQ(entry.restore().forking_time(), 1u);
  EXPECT_EQ(entry.restore().restore_time(), 2u);
  EXPECT_EQ(entry.restore().pages_compared(), 3u);
  EXPECT_EQ(entry.restore().pages_skipped_cow(), 4u);
  EXPECT_EQ(entry.restore().pages_restored(), 5u);
}

TEST(StatsImage, Errors) {
  EXPECT_EQ(write_stats("/nowhere", DumpStats{}).error().err, ENOENT);
  core::TempDir dir;
  ASSERT_EQ(mkdir((dir.path() + "/stats-dump").c_str(), 0700), 0);
  EXPECT_EQ(write_stats(dir.path(), DumpStats{}).error().err, EISDIR);
}

}  // namespace
}  // namespace cr::engine
