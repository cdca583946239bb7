#include "core/image_dir.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>

#include "core/crc32c.h"
#include "core/file_checksum.h"
#include "core/image_fixture.h"
#include "engine/inventory.pb.h"
#include "files/fs.pb.h"

namespace cr::core {
namespace {

void put_fs(ImageWriterDir& dir, unsigned id) {
  auto w = dir.create(ImageType::kFs, id);
  ASSERT_TRUE(w.ok()) << w.error().sentence();
  pb::fs_entry e;
  e.set_cwd_id(id);
  e.set_root_id(2);
  ASSERT_TRUE(w.value().write(e).ok());
  ASSERT_TRUE(w.value().close().ok());
}

void put_inventory(ImageWriterDir& dir) {
  auto w = dir.create(ImageType::kInventory);
  ASSERT_TRUE(w.ok()) << w.error().sentence();
  pb::inventory_entry e;
  e.set_img_version(2);
  ASSERT_TRUE(w.value().write(e).ok());
  ASSERT_TRUE(w.value().close().ok());
}

void put_pages(ImageWriterDir& dir, unsigned id, const std::string& bytes, bool tell_sum) {
  auto raw = dir.create_raw(ImageType::kPages, id);
  ASSERT_TRUE(raw.ok()) << raw.error().sentence();
  ASSERT_EQ(::pwrite(raw.value().fd(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  if (tell_sum) {
    const std::size_t half = bytes.size() / 2;
    raw.value().add_checksum(half, bytes.size() - half, crc32c(0, bytes.data() + half, bytes.size() - half));
    raw.value().add_checksum(0, half, crc32c(0, bytes.data(), half));
  }
  ASSERT_TRUE(raw.value().close().ok());
}

void put_set(const std::string& path, unsigned small_images = 1) {
  auto dir = ImageWriterDir::open(path).take();
  for (unsigned i = 1; i <= small_images; ++i) put_fs(dir, i);
  put_pages(dir, 1, std::string(8192, 'p'), true);
  put_pages(dir, 2, std::string(5 << 20, 'q'), false);
  put_inventory(dir);
  const auto done = dir.commit();
  ASSERT_TRUE(done.ok()) << done.error().sentence();
}

std::string error_of(const std::string& path) {
  auto dir = ImageReaderDir::open(path);
  return dir.ok() ? "" : dir.error().sentence();
}

TEST(ImageDir, CommitAndRead) {
  TempDir temp;
  put_set(temp.path());
  EXPECT_EQ(temp.names(),
            (std::set<std::string>{"crengine.manifest", "fs-1.img", "inventory.img", "pages-1.img", "pages-2.img"}));
  auto dir = ImageReaderDir::open(temp.path());
  ASSERT_TRUE(dir.ok()) << dir.error().sentence();
  EXPECT_TRUE(dir.value().has_manifest());
  EXPECT_EQ(dir.value().expected("pages-1.img")->length, 8192u);
  EXPECT_TRUE(dir.value().verify_pages().ok());
  auto fs = dir.value().image(ImageType::kFs, 1);
  ASSERT_TRUE(fs.ok());
  pb::fs_entry e;
  ASSERT_TRUE(fs.value().only(e).ok());
  EXPECT_EQ(e.cwd_id(), 1u);
  EXPECT_FALSE(dir.value().optional_image(ImageType::kFs, 9).value());
  EXPECT_EQ(dir.value().ids(ImageType::kPages).value(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_FALSE(dir.value().parent().value());
}

TEST(ImageDir, AFailedDumpLeavesNothing) {
  TempDir temp;
  const std::string path = temp.path() + "/new";
  {
    auto dir = ImageWriterDir::open(path).take();
    put_fs(dir, 1);
    put_pages(dir, 1, "x", false);
    put_inventory(dir);
    ASSERT_TRUE(dir.set_parent("../old").ok());
    auto unfinished = dir.create(ImageType::kCore, 1);
    ASSERT_TRUE(unfinished.ok());
    EXPECT_FALSE(dir.commit().ok());
  }
  EXPECT_TRUE(temp.names().empty());
}

TEST(ImageDir, NoInventoryNoCommit) {
  TempDir temp;
  auto dir = ImageWriterDir::open(temp.path()).take();
  put_fs(dir, 1);
  EXPECT_FALSE(dir.commit().ok());
}

TEST(ImageDir, OnlyTheProcessThatMadeItCleansUp) {
  TempDir temp;
  auto dir = ImageWriterDir::open(temp.path()).take();
  put_fs(dir, 1);
  const pid_t child = ::fork();
  if (child == 0) {
    { const auto mine = std::move(dir); }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(temp.names().count("fs-1.img"), 1u);
}

TEST(ImageDir, AnEarlierSetGoesWhenTheFirstImageIsWritten) {
  TempDir temp;
  put_set(temp.path(), 3);
  temp.write("tty.img", "stale");
  temp.write("cpuinfo.img", "kept");
  temp.write("dump.log", "kept");
  {
    auto dir = ImageWriterDir::open(temp.path()).take();
    EXPECT_EQ(temp.names().count("inventory.img"), 1u);  // a dump that is refused harms nothing
    put_fs(dir, 9);
    EXPECT_EQ(temp.names(), (std::set<std::string>{"cpuinfo.img", "dump.log", "fs-9.img"}));
  }
  EXPECT_EQ(temp.names(), (std::set<std::string>{"cpuinfo.img", "dump.log"}));
  EXPECT_NE(error_of(temp.path()).find("not a complete image set"), std::string::npos);
}

TEST(ImageDir, ASymlinkIsNotFollowed) {
  TempDir temp;
  temp.write("victim", "precious");
  ASSERT_EQ(::symlinkat("victim", temp.fd(), "fs-1.img"), 0);
  auto dir = ImageWriterDir::open(temp.path()).take();
  put_fs(dir, 1);
  EXPECT_EQ(temp.read("victim"), "precious");
}

TEST(ImageDir, TheSameImageTwiceIsRefused) {
  TempDir temp;
  auto dir = ImageWriterDir::open(temp.path()).take();
  put_fs(dir, 1);
  EXPECT_FALSE(dir.create(ImageType::kFs, 1).ok());
  EXPECT_FALSE(ImageWriterDir().create(ImageType::kFs, 1).ok());
}

TEST(ImageDir, EveryFlipAndEveryTruncationIsRefused) {
  TempDir temp;
  put_set(temp.path());
  for (const char* name : {"fs-1.img", "inventory.img"}) {
    const std::string good = temp.read(name);
    for (std::size_t i = 0; i < good.size(); ++i) {
      temp.write(name, good.substr(0, i));
      EXPECT_NE(error_of(temp.path()), "") << name << i;
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      temp.write(name, bad);
      EXPECT_NE(error_of(temp.path()), "") << name << i;
    }
    temp.write(name, good);
  }
  EXPECT_EQ(error_of(temp.path()), "");
  temp.write("pages-1.img", std::string(8191, 'p'));
  EXPECT_NE(error_of(temp.path()).find("8191"), std::string::npos);
  temp.write("pages-1.img", std::string(8191, 'p') + "q");
  auto dir = ImageReaderDir::open(temp.path());
  ASSERT_TRUE(dir.ok());
  const auto refused = dir.value().verify_pages(2);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().sentence().find("pages-1.img"), std::string::npos);
  temp.write("pages-1.img", std::string(8192, 'p'));
  EXPECT_TRUE(dir.value().verify_pages().ok());
  ASSERT_EQ(::unlinkat(temp.fd(), "fs-1.img", 0), 0);
  EXPECT_NE(error_of(temp.path()).find("fs-1.img"), std::string::npos);
}

TEST(ImageDir, WithoutManifestNothingIsChecked) {
  TempDir temp;
  put_set(temp.path());
  ASSERT_EQ(::unlinkat(temp.fd(), "crengine.manifest", 0), 0);
  temp.write("fs-1.img", "damaged");
  auto dir = ImageReaderDir::open_at(temp.fd());
  ASSERT_TRUE(dir.ok());
  EXPECT_FALSE(dir.value().has_manifest());
  EXPECT_FALSE(dir.value().image(ImageType::kFs, 1).ok());
}

TEST(ImageDir, UnknownFeatureIsRefused) {
  TempDir temp;
  auto dir = ImageWriterDir::open(temp.path()).take();
  dir.require(1ull << 63);
  put_inventory(dir);
  ASSERT_TRUE(dir.commit().ok());
  EXPECT_NE(error_of(temp.path()).find("newer"), std::string::npos);
}

TEST(ImageDir, Parent) {
  TempDir temp;
  put_set(temp.path() + "/one");
  {
    auto dir = ImageWriterDir::open(temp.path() + "/two").take();
    ASSERT_TRUE(dir.set_parent("../one").ok());
    put_inventory(dir);
    ASSERT_TRUE(dir.commit().ok());
  }
  auto two = ImageReaderDir::open(temp.path() + "/two").take();
  auto one = two.parent();
  ASSERT_TRUE(one.ok() && one.value());
  EXPECT_TRUE(one.value()->has_manifest());
  std::filesystem::rename(temp.path() + "/one", temp.path() + "/elsewhere");
  EXPECT_FALSE(two.parent().ok());
}

TEST(FileChecksum, FilesTogether) {
  TempDir temp;
  std::vector<UniqueFd> open;
  std::vector<FileToSum> files;
  std::vector<std::uint32_t> expected;
  for (std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{4} << 20, (std::size_t{9} << 20) + 1}) {
    const std::string bytes(size, static_cast<char>('a' + files.size())), name = std::to_string(size);
    temp.write(name, bytes);
    open.emplace_back(::openat(temp.fd(), name.c_str(), O_RDONLY | O_CLOEXEC));
    files.push_back({open.back().get(), size, name});
    expected.push_back(crc32c(0, bytes.data(), bytes.size()));
  }
  for (unsigned threads : {0, 1, 3, 100}) EXPECT_EQ(checksum_files(files, threads).value(), expected);
  files[1].length = 6;
  const auto shorter = checksum_files(files, 3);
  ASSERT_FALSE(shorter.ok());
  EXPECT_NE(shorter.error().sentence().find(" 5"), std::string::npos) << shorter.error().sentence();
}

TEST(FileChecksum, ThreadsAgree) {
  TempDir temp;
  std::string bytes;
  for (int i = 0; bytes.size() < (9 << 20) + 5; ++i) bytes += std::to_string(i);
  temp.write("f", bytes);
  const UniqueFd fd(::openat(temp.fd(), "f", O_RDONLY | O_CLOEXEC));
  for (unsigned threads : {0, 1, 2, 7})
    EXPECT_EQ(checksum_file(fd.get(), bytes.size(), threads, "f").value(), crc32c(0, bytes.data(), bytes.size()));
  EXPECT_FALSE(checksum_file(fd.get(), bytes.size() + 1, 2, "f").ok());
  EXPECT_EQ(checksum_file(fd.get(), 0, 2, "f").value(), 0u);
}

// No bound, since it is the disk's: prints what a small set costs where TMPDIR points.
TEST(ImageDir, CostOfASmallSet) {
  TempDir temp;
  using clock = std::chrono::steady_clock;
  double write_ms = 1e9, read_ms = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto a = clock::now();
    {
      auto dir = ImageWriterDir::open(temp.path() + "/s" + std::to_string(i)).take();
      for (unsigned id = 1; id <= 15; ++id) put_fs(dir, id);
      put_pages(dir, 1, std::string(1 << 20, 'p'), true);
      put_inventory(dir);
      ASSERT_TRUE(dir.commit().ok());
    }
    const auto b = clock::now();
    ASSERT_EQ(error_of(temp.path() + "/s" + std::to_string(i)), "");
    const auto c = clock::now();
    write_ms = std::min(write_ms, std::chrono::duration<double, std::milli>(b - a).count());
    read_ms = std::min(read_ms, std::chrono::duration<double, std::milli>(c - b).count());
  }
  std::printf("17 images, 1 MiB: written in %.2f ms, opened and verified in %.2f ms\n", write_ms, read_ms);
}

}  // namespace
}  // namespace cr::core
