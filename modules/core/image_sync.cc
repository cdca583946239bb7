#include "core/image_sync.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "base/unique_fd.h"

namespace cr::core {
namespace {

constexpr std::uint64_t kForeignLimit = 32 << 20;  // bytes of others' dirty data that we are ready to write with ours
constexpr std::size_t kSyncedAtOnce = 128;         // descriptors, far from RLIMIT_NOFILE

Error sync_error(std::string step, std::string object) {
  return Error{"image", std::move(step), std::move(object), errno, {}};
}

// Dirty pages of the whole machine in bytes, the maximum when that isn't known.
std::uint64_t dirty_bytes() {
  const UniqueFd fd(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
  char text[4096];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  const std::string_view all(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  auto at = all.find("\nDirty:");
  std::uint64_t kib = 0;
  if (at == std::string_view::npos || (at = all.find_first_of("0123456789", at)) == std::string_view::npos)
    return UINT64_MAX;
  if (std::from_chars(all.data() + at, all.data() + all.size(), kib).ec != std::errc{}) return UINT64_MAX;
  return kib << 10;
}

Result<> sync_each(int dirfd, const std::vector<std::string>& names) {
  for (std::size_t first = 0; first < names.size(); first += kSyncedAtOnce) {
    const std::size_t end = std::min(names.size(), first + kSyncedAtOnce);
    std::vector<UniqueFd> files;
    // Writeback of all starts first, so that one journal commit covers them.
    for (std::size_t i = first; i < end; ++i) {
      files.emplace_back(::openat(dirfd, names[i].c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!files.back()) return sync_error("open", names[i]);
      ::sync_file_range(files.back().get(), 0, 0, SYNC_FILE_RANGE_WRITE);  // a hint
    }
    for (std::size_t i = first; i < end; ++i)
      if (::fsync(files[i - first].get()) != 0) return sync_error("fsync", names[i]);
  }
  return {};
}

}  // namespace

bool lies_in_memory(int dirfd) {
  struct statfs fs;
  if (::fstatfs(dirfd, &fs) != 0) return false;
  return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

// Measured on ext4 over virtio with 30 small files and one of 1 MiB: fsync of each 6.2 ms, with writeback started
// before 2.9 ms, one syncfs 1.2 ms. But syncfs waits for everybody's data, so it is taken only while there is little.
// It reports errors since 5.8 (735e4ae5ba28), for what was written since the descriptor was opened.
Result<> sync_files(int dirfd, const std::vector<std::string>& names, std::uint64_t bytes) {
  if (names.size() < 3 || dirty_bytes() > bytes + kForeignLimit) return sync_each(dirfd, names);
  if (::syncfs(dirfd) != 0) return sync_error("syncfs", "the image directory");
  return {};
}

}  // namespace cr::core
