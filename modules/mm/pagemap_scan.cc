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
#include "mm/pagemap_entry.h"
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

void append(std::vector<Range>& out, std::uint64_t start, std::uint64_t end) {
  if (!out.empty() && out.back().end == start)
    out.back().end = end;
  else
    out.push_back({start, end});
}

/// The frame numbers that pagemap shows for the kernel's zero pages, sorted: those of pages of ours that were only
/// read. Most kernels have one, that of s390x one for each colour of an address. None when the kernel does not tell
/// (it takes CAP_SYS_ADMIN); zero pages are then stored, which costs space, not truth.
std::vector<std::uint64_t> find_zero_frames() {
  constexpr std::size_t kColours = 256;  // s390x has 128 at most
  const std::size_t page = page_size(), size = kColours * page;
  void* area = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (area == MAP_FAILED) return {};
  (void)madvise(area, size, MADV_NOHUGEPAGE);
  for (std::size_t at = 0; at < size; at += page) (void)static_cast<volatile char*>(area)[at];
  std::vector<std::uint64_t> frames(kColours);
  UniqueFd own(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  const auto at = reinterpret_cast<std::uintptr_t>(area) / page * sizeof frames[0];
  const ssize_t n = pread(own.get(), frames.data(), frames.size() * sizeof frames[0], static_cast<off_t>(at));
  munmap(area, size);
  frames.resize(n < 0 ? 0 : static_cast<std::size_t>(n) / sizeof frames[0]);
  for (std::uint64_t& entry : frames) entry = entry & kEntryPresent ? entry & kEntryFrame : 0;
  std::sort(frames.begin(), frames.end());
  frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  std::erase(frames, 0);
  return frames;
}

bool is_zero_page(std::uint64_t entry) {
  static const std::vector<std::uint64_t> frames = find_zero_frames();
  return (entry & kEntryPresent) && std::binary_search(frames.begin(), frames.end(), entry & kEntryFrame);
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
      if (own && !is_zero_page(entries[i])) append(out, at, at + page);
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
