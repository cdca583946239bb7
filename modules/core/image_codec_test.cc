#include "core/image_codec.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "core/image_fixture.h"
#include "core/pagemap.pb.h"
#include "files/pipe_data.pb.h"

namespace cr::core {
namespace {

std::string as_text(std::span<const std::uint8_t> s) { return {s.begin(), s.end()}; }

std::span<const std::uint8_t> as_bytes(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

pb::pagemap_entry entry(std::uint64_t vaddr) {
  pb::pagemap_entry e;
  e.set_vaddr(vaddr);
  e.set_compat_nr_pages(1);
  return e;
}

TEST(ImageTable, NamesAndBack) {
  EXPECT_EQ(image_name(ImageType::kCore, 17), "core-17.img");
  EXPECT_EQ(image_name(ImageType::kGhostFile, 0x1f), "ghost-file-1f.img");
  EXPECT_EQ(image_name(ImageType::kInventory, 3), "inventory.img");
  EXPECT_EQ(image_name(ImageType::kTmpfsImg, 3), "tmpfs-3.tar.gz.img");
  for (const ImageInfo& info : kImages) {
    const auto back = parse_image_name(image_name(info.type, 255));
    ASSERT_TRUE(back) << info.pattern;
    EXPECT_EQ(image_name(back->type, back->id), image_name(info.type, 255));
  }
  for (const char* no : {"core-.img", "core-1", "core-01.img", "core--1.img", "x", "", "core-1x.img",
                         "core-99999999999999999999.img", "dump.log", "crengine.manifest"})
    EXPECT_FALSE(parse_image_name(no)) << no;
  EXPECT_EQ(parse_image_name("pages-1.img")->type, ImageType::kPages);
  EXPECT_EQ(parse_image_name("pagemap-shmem-9.img")->type, ImageType::kShmemPagemap);
}

TEST(ImageCodec, RecordsAndPayload) {
  TempDir dir;
  auto made = ImageWriter::create(dir.fd(), ImageType::kPipesData);
  ASSERT_TRUE(made.ok());
  ImageWriter w = made.take();
  const std::string big(3 << 20, 'b');
  for (const std::string& payload : {std::string("hello"), std::string(), big}) {
    pb::pipe_data_entry e;
    e.set_pipe_id(7);
    e.set_bytes(static_cast<std::uint32_t>(payload.size()));
    ASSERT_TRUE(w.write(e).ok());
    ASSERT_TRUE(w.write_raw(as_bytes(payload)).ok());
  }
  ASSERT_TRUE(w.close().ok());
  const std::string whole = dir.read("pipes-data.img");
  EXPECT_EQ(w.sum()->length, whole.size());
  EXPECT_EQ(w.sum()->crc, crc32c(0, whole.data(), whole.size()));
  EXPECT_EQ(whole.substr(0, 8), std::string("\x19\x43\x56\x54\x09\x37\x45\x56", 8));

  auto r = ImageReader::open(dir.fd(), ImageType::kPipesData);
  ASSERT_TRUE(r.ok());
  for (const std::string& payload : {std::string("hello"), std::string(), big}) {
    pb::pipe_data_entry e;
    ASSERT_TRUE(r.value().next(e).value());
    ASSERT_EQ(e.bytes(), payload.size());
    auto bytes = r.value().read_raw(e.bytes());
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(as_text(bytes.value()), payload);
  }
  pb::pipe_data_entry e;
  EXPECT_EQ(r.value().remaining(), 0u);
  EXPECT_FALSE(r.value().next(e).value());
  EXPECT_FALSE(r.value().read_raw(1).ok());
}

TEST(ImageCodec, HeadersByFraming) {
  TempDir dir;
  for (auto type : {ImageType::kInventory, ImageType::kStatsDump, ImageType::kRoute}) {
    auto w = ImageWriter::create(dir.fd(), type, 1);
    ASSERT_TRUE(w.ok());
    ASSERT_TRUE(w.value().close().ok());
  }
  EXPECT_EQ(dir.read("inventory.img"), std::string("\x16\x31\x31\x58"));
  EXPECT_EQ(dir.read("stats-dump"), std::string("\x40\x59\x10\x55\x06\x33\x09\x57"));
  EXPECT_EQ(dir.read("route-1.img"), "");
  EXPECT_FALSE(ImageWriter::create(dir.fd(), ImageType::kInventory).ok());  // never over an existing file
}

TEST(ImageCodec, ManyRecordsCrossTheBuffer) {
  TempDir dir;
  auto w = ImageWriter::create(dir.fd(), ImageType::kPagemap, 1).take();
  constexpr std::uint64_t kCount = 100000;
  for (std::uint64_t i = 0; i < kCount; ++i) ASSERT_TRUE(w.write(entry(i << 12)).ok());
  ASSERT_TRUE(w.close().ok());
  auto r = ImageReader::open(dir.fd(), ImageType::kPagemap, 1).take();
  pb::pagemap_entry e;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(r.next(e).value());
    ASSERT_EQ(e.vaddr(), i << 12);
  }
  EXPECT_FALSE(r.next(e).value());
}

TEST(ImageCodec, ARecordWithoutARequiredFieldIsNotWritten) {
  TempDir dir;
  auto w = ImageWriter::create(dir.fd(), ImageType::kPagemap, 1).take();
  pb::pagemap_entry e;
  e.set_vaddr(1);
  EXPECT_FALSE(w.write(e).ok());
  EXPECT_FALSE(w.write(entry(1)).ok());  // the error sticks
  EXPECT_FALSE(w.close().ok());
  EXPECT_FALSE(w.sum()->finished);
}

std::string remedy_of(const TempDir& dir, const std::string& content) {
  dir.write("pagemap-1.img", content);
  auto r = ImageReader::open(dir.fd(), ImageType::kPagemap, 1);
  if (!r.ok()) return r.error().sentence();
  pb::pagemap_entry e;
  while (true) {
    auto more = r.value().next(e);
    if (!more.ok()) return more.error().sentence();
    if (!more.value()) return "";
  }
}

TEST(ImageCodec, DistinctErrors) {
  TempDir dir;
  const std::string header("\x19\x43\x56\x54\x25\x40\x08\x56", 8);
  const auto has = [&](const std::string& content, const char* part) {
    const std::string got = remedy_of(dir, content);
    EXPECT_NE(got.find(part), std::string::npos) << got;
    EXPECT_NE(got.find("pagemap-1.img"), std::string::npos) << got;
  };
  EXPECT_EQ(ImageReader::open(dir.fd(), ImageType::kPagemap, 2).error().err, ENOENT);
  EXPECT_FALSE(ImageReader::open_optional(dir.fd(), ImageType::kPagemap, 2).value().has_value());
  has("", "cut short");
  has(header.substr(0, 6), "cut short");
  has("abcdefgh", "wrong common magic");
  has(header.substr(0, 4) + "abcd", "wrong type magic");
  has(header + "\x01", "inside the record's length");
  has(header + std::string("\xff\xff\xff\xff", 4), "over 2 GiB");
  has(header + std::string("\xff\xff\xff\x7f", 4), "beyond the file's end");
  has(header + std::string("\x03\0\0\0\x08\x01", 6), "beyond the file's end");
  has(header + std::string("\x02\0\0\0\x08\xff", 6), "record 0 at offset 8");
  has(header + std::string("\x02\0\0\0\x08\x01", 6), "required field");
  has(header + std::string("\x04\0\0\0\x08\x01\x10\x01\x01\0\0\0\x08", 13), "record 1 at offset 16");
  EXPECT_EQ(remedy_of(dir, header + std::string("\x04\0\0\0\x08\x01\x10\x01", 8)), "");
}

TEST(ImageCodec, AFifoOrDirectoryIsNoImage) {
  TempDir dir;
  ASSERT_EQ(::mkdirat(dir.fd(), "pagemap-1.img", 0700), 0);
  ASSERT_EQ(::mkfifoat(dir.fd(), "pagemap-2.img", 0600), 0);
  EXPECT_FALSE(ImageReader::open(dir.fd(), ImageType::kPagemap, 1).ok());
  EXPECT_FALSE(ImageReader::open(dir.fd(), ImageType::kPagemap, 2).ok());
}

// Whatever happens to the bytes, reading ends with an answer: sanitizers watch the rest.
TEST(ImageCodec, EveryTruncationAndEveryFlip) {
  TempDir dir;
  auto w = ImageWriter::create(dir.fd(), ImageType::kPagemap, 1).take();
  for (std::uint64_t i = 0; i < 8; ++i) ASSERT_TRUE(w.write(entry(0x7f0000000000 + (i << 12))).ok());
  ASSERT_TRUE(w.close().ok());
  const std::string good = dir.read("pagemap-1.img");
  ASSERT_EQ(remedy_of(dir, good), "");
  constexpr std::size_t kHeader = 8, kRecord = 4 + 10;
  for (std::size_t n = 0; n < good.size(); ++n) {
    const bool whole_records = n >= kHeader && (n - kHeader) % kRecord == 0;
    EXPECT_EQ(remedy_of(dir, good.substr(0, n)).empty(), whole_records) << n;
  }
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const std::string error = remedy_of(dir, bad);
      if (i < kHeader) {
        EXPECT_FALSE(error.empty());
      }
    }
}

}  // namespace
}  // namespace cr::core
