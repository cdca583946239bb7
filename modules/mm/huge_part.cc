#include "mm/huge_part.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <utility>

namespace cr::mm {
namespace {

constexpr int kCollapse = 25;  // MADV_COLLAPSE; the C library's headers are older

bool lies_on_tmpfs(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/// An extent without any page is not collapsed. By write(2), which says so where a fault would be a signal when there
/// is no room.
bool begin_each_page(int fd, std::uint64_t offset, std::size_t size) {
  for (std::size_t at = 0; at < size; at += HugePart::kHuge)
    if (pwrite(fd, "", 1, static_cast<off_t>(offset + at)) != 1) return false;
  return true;
}

}  // namespace

std::optional<HugePart> HugePart::make(int fd, std::uint64_t offset, std::size_t size) {
  if (!lies_on_tmpfs(fd) || !begin_each_page(fd, offset, size)) return std::nullopt;
  HugePart part;
  part.area_size_ = size + kHuge;
  void* area = mmap(nullptr, part.area_size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return std::nullopt;
  part.area_ = area;
  const auto place = (reinterpret_cast<std::uintptr_t>(area) + kHuge - 1) & ~std::uintptr_t{kHuge - 1};
  void* start = mmap(reinterpret_cast<void*>(place), size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                     static_cast<off_t>(offset));
  if (start == MAP_FAILED || madvise(start, size, kCollapse) != 0) return std::nullopt;
  part.start_ = static_cast<std::uint8_t*>(start);
  part.offset_ = offset;
  return part;
}

HugePart::HugePart(HugePart&& other) noexcept
    : area_(std::exchange(other.area_, nullptr)),
      area_size_(other.area_size_),
      start_(other.start_),
      offset_(other.offset_) {}

HugePart::~HugePart() {
  if (area_ != nullptr) munmap(area_, area_size_);
}

}  // namespace cr::mm
