#include "core/crc32c.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

namespace cr::core {
namespace {

std::uint32_t of(const std::string& s) { return crc32c(0, s.data(), s.size()); }

// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, KnownVectors) {
  EXPECT_EQ(of(""), 0u);
  EXPECT_EQ(of("123456789"), 0xe3069283u);
  EXPECT_EQ(of(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(of(std::string(32, '\xff')), 0x62a8ab43u);
  std::string up, down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  EXPECT_EQ(of(up), 0x46dd794eu);
  EXPECT_EQ(of(down), 0x113fdb5cu);
}

std::vector<unsigned char> noise(std::size_t size) {
  std::mt19937_64 random(42);
  std::vector<unsigned char> v(size);
  for (auto& b : v) b = static_cast<unsigned char>(random());
  return v;
}

TEST(Crc32c, AllWaysAgree) {
  const auto v = noise(20000);
  for (const Crc32cWay& way : crc32c_ways().first(crc32c_ways().size() - 1)) {
    if (!way.available) continue;
    for (std::size_t size : {0, 1, 7, 8, 9, 63, 255, 256, 257, 512, 1360, 4079, 4080, 4081, 4096, 8160, 12345, 19000})
      for (std::size_t start : {0, 1, 3, 8})
        EXPECT_EQ(way.update(7, v.data() + start, size), crc32c_ways().back().update(7, v.data() + start, size))
            << size;
  }
}

TEST(Crc32c, SplitsAndCombines) {
  const auto v = noise(9000);
  const std::uint32_t whole = crc32c(0, v.data(), v.size());
  for (std::size_t at : {0, 1, 4095, 4096, 8999, 9000}) {
    const std::uint32_t a = crc32c(0, v.data(), at), b = crc32c(0, v.data() + at, v.size() - at);
    EXPECT_EQ(crc32c(a, v.data() + at, v.size() - at), whole);
    EXPECT_EQ(crc32c_combine(a, b, v.size() - at), whole);
  }
}

TEST(Crc32c, CombinesAcrossTerabytes) {
  // Appending zeros in two steps is appending them in one.
  const std::uint64_t big = 5ull << 40;
  const auto zeros = [](std::uint32_t crc, std::uint64_t n) { return crc32c_combine(crc, 0, n); };
  EXPECT_EQ(zeros(zeros(0x12345678, big), 12345), zeros(0x12345678, big + 12345));
}

TEST(Crc32cRanges, AnyOrder) {
  const auto v = noise(10 * 4096);
  Crc32cRanges ranges;
  for (std::size_t page : {3, 1, 9, 0, 2, 8, 7, 4, 6, 5}) {
    EXPECT_FALSE(ranges.whole(v.size()));
    ranges.add(page * 4096, 4096, crc32c(0, v.data() + page * 4096, 4096));
  }
  EXPECT_EQ(ranges.whole(v.size()), crc32c(0, v.data(), v.size()));
  EXPECT_FALSE(ranges.whole(v.size() + 1));
  ranges.add(4096, 4096, 0);
  EXPECT_FALSE(ranges.whole(v.size()));  // overlap spoils it
}

TEST(Crc32cRanges, Nothing) {
  Crc32cRanges ranges;
  EXPECT_EQ(ranges.whole(0), 0u);
  EXPECT_FALSE(ranges.whole(1));
}

// Processor time, so that the number holds on a busy machine too.
TEST(Crc32c, Speed) {
  const auto v = noise(1 << 20);
  const std::clock_t start = std::clock();
  std::uint32_t crc = 0;
  for (int i = 0; i < 1000; ++i) crc = crc32c(crc, v.data(), v.size());
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  RecordProperty("crc", static_cast<int>(crc));
  std::printf("crc32c: %.1f GB/s\n", 1000.0 * (1 << 20) / seconds / 1e9);
}

}  // namespace
}  // namespace cr::core
