// The memory of a process goes into pages files of several kinds of file system, and is there as it was.
#include "mm/page_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/format.h"
#include "core/crc32c.h"
#include "mm/huge_part.h"

namespace cr::mm {
namespace {

constexpr std::size_t kBytes = (40 << 20) + 3 * 4096;  // several pieces, and a rest

/// A directory that is gone in the end.
class Place {
 public:
  explicit Place(const std::string& parent) : path_(parent + "/page-copy-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Place() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A process with the memory of this one, which sleeps.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ == 0)
      for (;;) pause();
    mem_.reset(open(format("/proc/{}/mem", pid_).c_str(), O_RDONLY | O_CLOEXEC));
  }
  ~Sleeper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  pid_t pid() const { return pid_; }
  int mem_fd() const { return mem_.get(); }

 private:
  pid_t pid_;
  UniqueFd mem_{};
};

class PageCopy : public testing::TestWithParam<const char*> {
 protected:
  PageCopy() : memory_(map()), place_(GetParam()) {
    std::mt19937_64 random(42);
    for (std::size_t at = 0; at + 8 <= kBytes; at += 8) {
      const std::uint64_t word = random();
      std::memcpy(memory_ + at, &word, sizeof word);
    }
  }
  ~PageCopy() override { munmap(memory_, kBytes); }

  static std::uint8_t* map() {
    return static_cast<std::uint8_t*>(
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
  std::string content(const std::string& name) const {
    std::ifstream file(place_.path() + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::uint8_t* memory_;
  Place place_;
};

TEST_P(PageCopy, FileHasTheMemoryAndItsChecksum) {
  if (place_.path().empty()) GTEST_SKIP() << "no directory in " << GetParam();
  const Sleeper sleeper;
  const auto start = reinterpret_cast<std::uint64_t>(memory_);
  // In two extents, of which the first ends in the midst of a huge page; a page is left out.
  const std::uint64_t first = 17 * 4096, second = kBytes - first - 4096;
  for (unsigned workers : {1u, 2u, 40u}) {
    auto dir = core::ImageWriterDir::open(place_.path());
    ASSERT_TRUE(dir.ok());
    auto image = dir.value().create_raw(core::ImageType::kPages, workers);
    ASSERT_TRUE(image.ok()) << image.error().sentence();
    PageJob job{HostPid{sleeper.pid()}, sleeper.mem_fd(), &image.value(), {}};
    job.extents = {{start, first, 0}, {start + first + 4096, second, first}};
    ASSERT_TRUE(copy_pages({&job, 1}, PageSource::kAuto, workers).ok());
    const std::string name = image.value().name();
    const std::string bytes = content(name);
    ASSERT_EQ(bytes.size(), first + second) << workers;
    EXPECT_EQ(std::memcmp(bytes.data(), memory_, first), 0) << workers;
    EXPECT_EQ(std::memcmp(bytes.data() + first, memory_ + first + 4096, second), 0) << workers;
    ASSERT_TRUE(image.value().close().ok());
    auto inventory = dir.value().create(core::ImageType::kInventory);
    ASSERT_TRUE(inventory.ok() && inventory.value().close().ok());
    ASSERT_TRUE(dir.value().commit().ok());
    const auto crc = core::crc32c(0, bytes.data(), bytes.size());
    EXPECT_NE(content("crengine.manifest").find(format("{:08x}", crc)), std::string::npos) << workers;
  }
}

INSTANTIATE_TEST_SUITE_P(Places, PageCopy, testing::Values("/dev/shm", "/var/tmp"));

TEST(HugePart, IsThePartOfTheFile) {
  const UniqueFd file(memfd_create("part", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(file.get(), 8 << 20), 0);
  auto part = HugePart::make(file.get(), 2 << 20, 4 << 20);
  if (!part) GTEST_SKIP() << "no huge pages for files in memory here";
  *part->at(2 << 20) = 1;
  *part->at((6 << 20) - 1) = 2;
  char bytes[2];
  ASSERT_EQ(pread(file.get(), bytes, 1, 2 << 20), 1);
  ASSERT_EQ(pread(file.get(), bytes + 1, 1, (6 << 20) - 1), 1);
  EXPECT_EQ(bytes[0], 1);
  EXPECT_EQ(bytes[1], 2);
  std::ifstream smaps("/proc/self/smaps");
  std::string word;
  long huge_kib = 0;
  while (smaps >> word)
    if (word == "ShmemPmdMapped:") smaps >> word, huge_kib += std::stol(word);
  EXPECT_EQ(huge_kib, 4096);
}

TEST(HugePart, LeavesOtherFilesAlone) {
  const Place place("/var/tmp");
  const UniqueFd file(open((place.path() + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  EXPECT_FALSE(HugePart::make(file.get(), 0, 2 << 20));
  EXPECT_EQ(lseek(file.get(), 0, SEEK_END), 0);
}

}  // namespace
}  // namespace cr::mm
