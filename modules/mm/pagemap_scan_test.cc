#include "mm/pagemap_scan.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cr::mm {
namespace {

// The kernel hands ranges out in portions, of 512 here, and more than once where a portion ends within a call.
TEST(PagemapScan, FindsEachRangeOnceHoweverManyThereAre) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  constexpr std::size_t kMost = 2600;
  char* mem =
      static_cast<char*>(mmap(nullptr, 2 * kMost * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(mem, MAP_FAILED);
  ASSERT_EQ(madvise(mem, 2 * kMost * page, MADV_NOHUGEPAGE), 0);
  const auto start = reinterpret_cast<std::uintptr_t>(mem);
  Vma vma{};
  vma.start = start;
  vma.end = start + 2 * kMost * page;
  for (std::size_t n = 0; n < kMost; n++) {
    mem[2 * n * page] = 1;
    const bool near_portion = (n + 4) % 512 < 8;
    if (n % 97 != 0 && !near_portion) continue;
    const auto found = scan_pages(HostPid{getpid()}, {vma});
    ASSERT_TRUE(found.ok()) << found.error().sentence();
    ASSERT_EQ(found.value().own.size(), n + 1);
    for (std::size_t i = 0; i <= n; i++) {
      ASSERT_EQ(found.value().own[i].start, start + 2 * i * page);
      ASSERT_EQ(found.value().own[i].end, start + (2 * i + 1) * page);
    }
  }
  munmap(mem, 2 * kMost * page);
}

// A space so large that several threads scan it, part by part: pages on both sides of where a part could end.
TEST(PagemapScan, FindsRangesThatLieInTwoParts) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  constexpr std::size_t kStep = 32 << 20, kSize = 40 * kStep;
  char* mem = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  ASSERT_NE(mem, MAP_FAILED);
  ASSERT_EQ(madvise(mem, kSize, MADV_NOHUGEPAGE), 0);
  std::vector<Range> want;
  const auto start = reinterpret_cast<std::uintptr_t>(mem);
  for (std::size_t at = kStep; at < kSize; at += kStep) {
    mem[at - page] = mem[at] = 1;
    want.push_back({start + at - page, start + at + page});
  }
  Vma first{}, second{};  // with a hole between them
  first.status = second.status = kVmaRegular | kVmaAnonPrivate;
  first.start = start, first.end = start + 5 * kStep / 2;
  second.start = start + 7 * kStep / 2, second.end = start + kSize;
  std::erase_if(want, [&](const Range& r) { return r.start >= first.end && r.end <= second.start; });
  munmap(mem + 5 * kStep / 2, kStep);
  const auto found = scan_pages(HostPid{getpid()}, {first, second});
  ASSERT_TRUE(found.ok()) << found.error().sentence();
  std::vector<Range> own;  // without what this process has got in the hole meanwhile
  for (const Vma* v : {&first, &second})
    for (const Range& r : parts_in(found.value().own, *v)) own.push_back(r);
  EXPECT_EQ(own, want);
  munmap(mem, kSize);
}

}  // namespace
}  // namespace cr::mm
