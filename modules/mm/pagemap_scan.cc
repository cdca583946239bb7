#include "mm/pagemap_scan.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <span>

#include "base/format.h"
#include "base/page_size.h"
#include "base/unique_fd.h"
#include "mm/worker_pool.h"

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

constexpr std::size_t kRegions = 1024;
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

/// False when the kernel has no such ioctl: nothing was found then.
Result<bool> scan_by_ioctl(int fd, const Range& in, FoundPages& out) {
  std::vector<PageRegion> regions(kRegions);
  PmScanArg arg{};
  arg.size = sizeof arg;
  arg.start = in.start;
  arg.end = in.end;
  arg.vec = reinterpret_cast<std::uint64_t>(regions.data());
  arg.vec_len = kRegions;
  // A guard marker shows as a swapped page; kernels before 6.15 know no guard category, and before 6.13 no guards.
  arg.category_anyof_mask = kPresent | kSwapped | kGuardPage;
  arg.return_mask = kFile | kPfnZero | kGuardPage;
  while (arg.start < in.end) {
    const int n = ioctl(fd, kPagemapScan, &arg);
    if (n < 0 && errno == ENOTTY) return false;
    if (n < 0 && errno == EINVAL && (arg.return_mask & kGuardPage) != 0) {
      arg.category_anyof_mask &= ~kGuardPage;
      arg.return_mask &= ~kGuardPage;
      continue;
    }
    if (n < 0) return Error{"mm", "scan pages of", format("range {:x}-{:x}", in.start, in.end), errno, ""};
    for (const PageRegion& r : std::span(regions).first(static_cast<std::size_t>(n))) {
      if (r.categories & kGuardPage)
        append(out.guards, r.start, r.end);
      else if (r.categories == 0)
        append(out.own, r.start, r.end);
    }
    // walk_end is not to be relied on: after a walk in several portions whose last one ends at arg.end it says where
    // the one before ended (do_pagemap_scan()), and from there all would come twice.
    arg.start =
        n == 0 ? arg.walk_end : std::max<std::uint64_t>(arg.walk_end, regions[static_cast<std::size_t>(n) - 1].end);
  }
  return true;
}

// Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 62 swapped, 61 page cache or shared.
Result<> find_by_entries(int fd, const Range& in, std::vector<Range>& out) {
  const std::uint64_t page = page_size();
  std::vector<std::uint64_t> entries(4096);
  for (std::uint64_t at = in.start; at < in.end;) {
    std::size_t want = std::min<std::uint64_t>(entries.size(), (in.end - at) / page);
    ssize_t n = pread(fd, entries.data(), want * 8, static_cast<off_t>(at / page * 8));
    if (n <= 0) return Error{"mm", "read pagemap at", format("{:x}", at), n < 0 ? errno : EIO, ""};
    for (std::size_t i = 0; i < static_cast<std::size_t>(n) / 8; ++i, at += page) {
      const bool own = (entries[i] >> 62) != 0 && !(entries[i] >> 61 & 1);
      const bool zero = entries[i] >> 63 && zero_frame() != 0 && (entries[i] & kFrameMask) == zero_frame();
      if (own && !zero) append(out, at, at + page);
    }
  }
  return {};
}

/// From the first mapping to the end of the last one that has page tables of the process, in parts of about
/// `most` bytes of private memory. They touch each other.
std::vector<Range> parts_of(const std::vector<Vma>& vmas, std::uint64_t most) {
  std::vector<Range> parts;
  std::uint64_t size = most;  // of the last part
  for (const Vma& v : vmas) {
    if (v.is(kVmaVsyscall)) continue;
    for (std::uint64_t at = v.start; at < v.end;) {
      if (size >= most) {
        parts.push_back({parts.empty() ? at : parts.back().end, at});
        size = 0;
      }
      const std::uint64_t n = v.has_own_pages() ? std::min(v.end - at, most - size) : v.end - at;
      parts.back().end = at += n;
      if (v.has_own_pages()) size += n;
    }
  }
  return parts;
}

constexpr std::uint64_t kPart = 64 << 20;
constexpr std::uint64_t kPartsAtMost = 256;  // of a space that may be huge and empty
constexpr std::uint64_t kWorthAThread = 256 << 20;

/// One walk through all of the process's pages, by several threads where it is long.
Result<bool> scan_all(int fd, const std::vector<Vma>& vmas, FoundPages& out) {
  std::uint64_t total = 0;
  for (const Vma& v : vmas)
    if (v.has_own_pages()) total += v.size();
  const std::vector<Range> parts = parts_of(vmas, std::max(kPart, whole_pages(total / kPartsAtMost)));
  std::vector<FoundPages> found(parts.size());
  std::atomic<bool> known = true;
  TRY(in_parallel(parts.size(), total < kWorthAThread ? 1 : workers_for(total),
                  [&](std::size_t i, unsigned) -> Result<> {
                    if (!TRY(scan_by_ioctl(fd, parts[i], found[i]))) known = false;
                    return {};
                  }));
  for (const FoundPages& part : found) {
    for (const Range& r : part.own) append(out.own, r.start, r.end);
    for (const Range& r : part.guards) append(out.guards, r.start, r.end);
  }
  return known.load();
}

}  // namespace

Result<FoundPages> scan_pages(HostPid pid, const std::vector<Vma>& vmas) {
  UniqueFd fd(open(format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"mm", "open pagemap of", format("pid {}", pid), errno, "run as root"};
  FoundPages found;
  if (TRY(scan_all(fd.get(), vmas, found))) return found;
  for (const Vma& v : vmas)
    if (v.has_own_pages()) TRY(find_by_entries(fd.get(), v, found.own));
  return found;
}

std::vector<Range> parts_in(const std::vector<Range>& ranges, const Range& in) {
  std::vector<Range> parts;
  auto it = std::upper_bound(ranges.begin(), ranges.end(), in.start,
                             [](std::uint64_t at, const Range& r) { return at < r.end; });
  for (; it != ranges.end() && it->start < in.end; ++it)
    parts.push_back({std::max(it->start, in.start), std::min(it->end, in.end)});
  return parts;
}

}  // namespace cr::mm
