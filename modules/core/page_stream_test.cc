#include "core/page_stream.h"

#include <gtest/gtest.h>

#include "base/page_size.h"
#include "core/image_fixture.h"
#include "core/pagemap.pb.h"

namespace cr::core {
namespace {

class PageStream : public ::testing::Test {
 protected:
  // Writes pagemap-1.img by hand, and a pages file of `pages` pages.
  void put(const std::vector<pb::pagemap_entry>& entries, std::uint64_t pages) {
    auto w = ImageWriter::replace(temp_.fd(), ImageType::kPagemap, 1).take();
    pb::pagemap_head head;
    head.set_pages_id(3);
    ASSERT_TRUE(w.write(head).ok());
    for (const auto& e : entries) ASSERT_TRUE(w.write(e).ok());
    ASSERT_TRUE(w.close().ok());
    temp_.write("pages-3.img", "");
    std::filesystem::resize_file(temp_.path() + "/pages-3.img", pages * page_size());
  }
  Result<PagemapReader> read() {
    auto dir = ImageReaderDir::open(temp_.path(), ImageReaderDir::Need::kNothing);
    return PagemapReader::open(dir.value(), ImageType::kPagemap, 1);
  }
  std::string error() {
    auto r = read();
    return r.ok() ? "" : r.error().sentence();
  }
  static pb::pagemap_entry entry(std::uint64_t vaddr, std::uint64_t nr, std::uint32_t flags) {
    pb::pagemap_entry e;
    e.set_vaddr(vaddr);
    e.set_compat_nr_pages(0);
    e.set_nr_pages(nr);
    e.set_flags(flags);
    return e;
  }
  void refuses(const std::vector<pb::pagemap_entry>& entries, std::uint64_t pages, const char* why) {
    put(entries, pages);
    EXPECT_NE(error().find(why), std::string::npos) << why << " / " << error();
  }

  TempDir temp_;
  const std::uint64_t page_ = page_size();
};

TEST_F(PageStream, WriteMergeRead) {
  {
    auto dir = ImageWriterDir::open(temp_.path()).take();
    auto made = PagemapWriter::create(dir, ImageType::kPagemap, 1, 3);
    ASSERT_TRUE(made.ok()) << made.error().sentence();
    PagemapWriter w = made.take();
    EXPECT_EQ(w.add(10 * page_, 1, kPePresent).value(), 0u);
    EXPECT_EQ(w.add(11 * page_, 2, kPePresent).value(), page_);  // merges
    EXPECT_EQ(w.add(13 * page_, 1, kPePresent | kPeLazy).value(), 3 * page_);
    EXPECT_EQ(w.add(14 * page_, 5, kPeParent).value(), 4 * page_);
    EXPECT_EQ(w.add(20 * page_, 1, kPePresent).value(), 4 * page_);
    EXPECT_FALSE(w.add(20 * page_, 1, kPePresent).ok());
    EXPECT_FALSE(w.add(22 * page_ + 1, 1, kPePresent).ok());
    EXPECT_FALSE(w.add(22 * page_, 0, kPePresent).ok());
    EXPECT_FALSE(w.add(22 * page_, ~0ull / page_, kPePresent).ok());
    EXPECT_FALSE(w.add(22 * page_, 1, 0).ok());
    ASSERT_TRUE(w.close().ok());
    EXPECT_EQ(w.pages_bytes(), 5 * page_);
    auto raw = dir.create_raw(ImageType::kPages, 3).take();
    ASSERT_EQ(::ftruncate(raw.fd(), static_cast<off_t>(5 * page_)), 0);
    ASSERT_TRUE(raw.close().ok());
    auto inventory = dir.create(ImageType::kInventory).take();
    ASSERT_TRUE(inventory.close().ok());
    ASSERT_TRUE(dir.commit().ok());
  }
  auto r = read();
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  ASSERT_EQ(r.value().runs().size(), 4u);
  EXPECT_EQ(r.value().runs()[0].nr_pages, 3u);
  EXPECT_EQ(r.value().runs()[1].offset, 3 * page_);
  EXPECT_EQ(r.value().runs()[2].flags, std::uint32_t{kPeParent});
  EXPECT_EQ(r.value().runs()[3].offset, 4 * page_);
  EXPECT_EQ(r.value().pages_id(), 3u);
}

TEST_F(PageStream, BothCountsWhenTheyFit) {
  {
    auto dir = ImageWriterDir::open(temp_.path()).take();
    auto w = PagemapWriter::create(dir, ImageType::kPagemap, 1, 3).take();
    ASSERT_TRUE(w.add(0, 7, kPeParent).ok());
    ASSERT_TRUE(w.add(8 * page_, 1ull << 33, kPeParent).ok());
    ASSERT_TRUE(w.close().ok());
    auto r = ImageReader::open(temp_.fd(), ImageType::kPagemap, 1).take();
    pb::pagemap_head head;
    ASSERT_TRUE(r.next(head).value());
    pb::pagemap_entry e;
    ASSERT_TRUE(r.next(e).value());
    EXPECT_EQ(e.compat_nr_pages(), 7u);
    EXPECT_EQ(e.nr_pages(), 7u);
    ASSERT_TRUE(r.next(e).value());
    EXPECT_EQ(e.compat_nr_pages(), 0u);
    EXPECT_EQ(e.nr_pages(), 1ull << 33);
  }
}

TEST_F(PageStream, OldSets) {
  pb::pagemap_entry here, parent;
  here.set_vaddr(page_);
  here.set_compat_nr_pages(2);
  parent.set_vaddr(3 * page_);
  parent.set_compat_nr_pages(1);
  parent.set_in_parent(true);
  put({here, parent}, 2);
  auto r = read();
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  EXPECT_EQ(r.value().runs()[0].flags, std::uint32_t{kPePresent});
  EXPECT_EQ(r.value().runs()[0].nr_pages, 2u);
  EXPECT_EQ(r.value().runs()[1].flags, std::uint32_t{kPeParent});
}

TEST_F(PageStream, Refusals) {
  put({entry(page_, 1, kPePresent)}, 1);
  EXPECT_EQ(error(), "");
  refuses({entry(page_, 1, kPePresent)}, 0, "0 bytes long");
  refuses({entry(page_, 1, kPePresent)}, 2, "bytes long");
  refuses({entry(page_ + 1, 1, kPePresent)}, 1, "aligned");
  refuses({entry(page_, 0, kPePresent)}, 0, "no page");
  refuses({entry(page_, ~0ull, kPePresent)}, 1, "64 bits");
  refuses({entry(0, ~0ull / page_, kPePresent), entry(0, 1, kPePresent)}, 1, "64 bits");
  refuses({entry(0 - page_, 2, kPeParent)}, 0, "64 bits");
  refuses({entry(page_, 2, kPePresent), entry(2 * page_, 1, kPePresent)}, 3, "order");
  refuses({entry(5 * page_, 1, kPePresent), entry(page_, 1, kPePresent)}, 2, "order");
  refuses({entry(page_, 1, 8)}, 0, "not known");
  refuses({entry(page_, 1, 0)}, 0, "nothing");
  refuses({entry(page_, 1, kPePresent | kPeParent)}, 1, "both");
  refuses({entry(page_, 1, kPePresent | kPeInherited)}, 1, "from nobody");
  refuses({entry(page_, 1, kPeInherited)}, 0, "from nobody");
  auto two = entry(page_, 1, kPePresent);
  two.set_compat_nr_pages(2);
  refuses({two}, 1, "two counts");
  put({entry(page_, 1, kPePresent)}, 1);
  ASSERT_EQ(::unlinkat(temp_.fd(), "pages-3.img", 0), 0);
  EXPECT_NE(error(), "");
}

}  // namespace
}  // namespace cr::core
