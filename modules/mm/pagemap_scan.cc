#include "mm/pagemap_scan.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"

namespace cr::mm {
namespace {

// include/uapi/linux/fs.h of Linux 6.7; the installed headers are older.
struct PageRegion {
  std::uint64_t start, end, categories;
};
struct PmScanArg {
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask,
      category_anyof_mask, return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, PmScanArg);
constexpr std::uint64_t kFile = 1 << 2, kPresent = 1 << 3, kSwapped = 1 << 4, kPfnZero = 1 << 5, kGuardPage = 1 << 8;

constexpr std::size_t kRegions = 512;
constexpr std::uint64_t kFrameMask = (1ull << 55) - 1;  // of a pagemap entry of a present page

void append(std::vector<Range>& out, std::uint64_t start, std::uint64_t end) {
  if (!out.empty() && out.back().end == start)
    out.back().end = end;
  else
    out.push_back({start, end});
}

/// The frame number that pagemap shows for the kernel's zero page: that of a page of ours that was only read. 0 when
/// the kernel does not tell (it takes CAP_SYS_ADMIN); zero pages are then stored, which costs space, not truth.
std::uint64_t find_zero_frame() {
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 0;
  (void)*static_cast<volatile char*>(page);
  std::uint64_t entry = 0;
  UniqueFd own(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  const auto at = reinterpret_cast<std::uintptr_t>(page) / size * sizeof entry;
  if (pread(own.get(), &entry, sizeof entry, static_cast<off_t>(at)) != sizeof entry) entry = 0;
  munmap(page, size);
  return entry >> 63 ? entry & kFrameMask : 0;
}

std::uint64_t zero_frame() {
  static const std::uint64_t frame = find_zero_frame();
  return frame;
}

}  // namespace

Result<PagemapScan> PagemapScan::open(HostPid pid) {
  UniqueFd fd(::open(format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"mm", "open pagemap of", format("pid {}", pid), errno, "run as root"};
  return PagemapScan(std::move(fd), pid);
}

Result<> PagemapScan::find(const Range& in, PageWish wish, std::vector<Range>& out) {
  if (in.size() == 0) return {};
  if (!has_ioctl_) return wish == PageWish::kGuard ? Result<>{} : find_by_entries(in, out);
  std::vector<PageRegion> regions(kRegions);
  PmScanArg arg{};
  arg.size = sizeof arg;
  arg.start = in.start;
  arg.end = in.end;
  arg.vec = reinterpret_cast<std::uint64_t>(regions.data());
  arg.vec_len = kRegions;
  if (wish == PageWish::kGuard) {
    arg.category_mask = arg.return_mask = kGuardPage;
  } else {
    // A guard marker shows as a swapped page; kernels before 6.15 know no guard category, and before 6.13 no guards.
    arg.category_inverted = arg.category_mask = kFile | kPfnZero | (knows_guards_ ? kGuardPage : 0);
    arg.category_anyof_mask = kPresent | kSwapped;
    arg.return_mask = kPresent;
  }
  while (arg.start < in.end) {
    int n = ioctl(fd_.get(), kPagemapScan, &arg);
    if (n < 0 && (errno == ENOTTY || errno == EINVAL)) {  // ENOTTY: no such ioctl; EINVAL: no such category
      if (wish == PageWish::kGuard) return {};
      if (errno == EINVAL && knows_guards_) {
        knows_guards_ = false;
        return find({arg.start, in.end}, wish, out);
      }
      has_ioctl_ = false;
      return find_by_entries({arg.start, in.end}, out);
    }
    if (n < 0)
      return Error{"mm", "scan pages of", format("pid {} range {:x}-{:x}", pid_, in.start, in.end), errno, ""};
    for (int i = 0; i < n; ++i) append(out, regions[i].start, regions[i].end);
    arg.start = arg.walk_end;
  }
  return {};
}

// Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 62 swapped, 61 page cache or shared.
Result<> PagemapScan::find_by_entries(const Range& in, std::vector<Range>& out) {
  constexpr std::uint64_t kPage = 4096;
  std::vector<std::uint64_t> entries(4096);
  for (std::uint64_t at = in.start; at < in.end;) {
    std::size_t want = std::min<std::uint64_t>(entries.size(), (in.end - at) / kPage);
    ssize_t n = pread(fd_.get(), entries.data(), want * 8, static_cast<off_t>(at / kPage * 8));
    if (n <= 0) return Error{"mm", "read pagemap of", format("pid {}", pid_), n < 0 ? errno : EIO, ""};
    for (std::size_t i = 0; i < static_cast<std::size_t>(n) / 8; ++i, at += kPage) {
      const bool own = (entries[i] >> 62) != 0 && !(entries[i] >> 61 & 1);
      const bool zero = entries[i] >> 63 && zero_frame() != 0 && (entries[i] & kFrameMask) == zero_frame();
      if (own && !zero) append(out, at, at + kPage);
    }
  }
  return {};
}

}  // namespace cr::mm
