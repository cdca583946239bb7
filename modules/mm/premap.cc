#include "mm/premap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "base/format.h"
#include "base/page_size.h"
#include "core/proc_text.h"
#include "files/files.h"
#include "mm/inherited.h"
#include "mm/page_fill.h"
#include "mm/smaps.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

namespace cr::mm {
namespace {

constexpr std::uint64_t kHugePage = 2 << 20;
constexpr std::uint64_t kBuffer = 1 << 20;

Error fail(const TaskCtx& t, const char* step, std::uint64_t at, int err) {
  return Error{"mm", step, format("pid {} address {:x}", t.task.pid, at), err,
               err == ENOMEM ? "free memory or raise the limits of the restoring cgroup" : ""};
}

/// Pages of the images that lie in one mapping.
struct Piece {
  std::uint64_t start, end, file_offset;
  bool inherited;  ///< they are the parent's, and not in the pages file
};
/// All of `v`, ascending.
std::vector<Piece> pieces_of(const AddressSpace& space, const Vma& v) {
  std::vector<Piece> out;
  auto it = std::upper_bound(
      space.runs.begin(), space.runs.end(), v.start,
      [](std::uint64_t a, const core::PageRun& r) { return a < r.vaddr + r.nr_pages * page_size(); });
  for (; it != space.runs.end() && it->vaddr < v.end; ++it) {
    std::uint64_t start = std::max(it->vaddr, v.start), end = std::min(it->vaddr + it->nr_pages * page_size(), v.end);
    out.push_back({start, end, it->offset + (start - it->vaddr), (it->flags & core::kPeInherited) != 0});
  }
  return out;
}

Result<> read_into(TaskCtx& t, int fd, std::uint64_t at, std::uint64_t size, std::uint64_t offset) {
  while (size > 0) {
    ssize_t n = pread(fd, reinterpret_cast<void*>(at), size, static_cast<off_t>(offset));
    if (n <= 0) return fail(t, "read pages to", at, n < 0 ? errno : EIO);
    at += static_cast<std::uint64_t>(n);
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::uint64_t>(n);
  }
  return {};
}

void copy_differing(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  const std::size_t page = page_size();
  for (std::size_t at = 0; at < size; at += page)
    if (std::memcmp(to + at, from + at, page) != 0) std::memcpy(to + at, from + at, page);
}

/// Bytes: what one read takes at most. Most tasks have small runs, and touch no more than they need.
std::uint64_t buffer_size(const AddressSpace& space) {
  std::uint64_t largest = 0;
  for (const core::PageRun& r : space.runs) largest = std::max(largest, r.nr_pages * page_size());
  return std::min(largest, kBuffer);
}

/// The region is the child's view of the parent's memory: brings it to the child's content and touches only what
/// differs. Pages that the child does not have are dropped.
class InheritedFiller {
 public:
  InheritedFiller(TaskCtx& t, int fd, const Premap& p, std::span<std::uint8_t> buffer)
      : t_(t), fd_(fd), p_(p), buffer_(buffer) {}

  /// In a set that stores shared pages once, all others are known to differ: these are left to `own`.
  Result<> fill(const std::vector<Piece>& pieces, bool stored_once, std::vector<FillExtent>& own) {
    std::uint64_t done = p_.vma->start;
    for (const Piece& piece : pieces) {
      drop(done, piece.start);
      if (stored_once && !piece.inherited)
        own.push_back({place(piece.start), piece.end - piece.start, piece.file_offset});
      else if (!stored_once)
        TRY(compare(piece));
      done = piece.end;
    }
    drop(done, p_.vma->end);
    return {};
  }

 private:
  std::uint64_t place(std::uint64_t address) const { return p_.at + (address - p_.vma->start); }

  void drop(std::uint64_t from, std::uint64_t until) const {
    if (until > from) madvise(reinterpret_cast<void*>(place(from)), until - from, MADV_DONTNEED);
  }

  Result<> compare(const Piece& piece) {
    for (std::uint64_t a = piece.start; a < piece.end;) {
      const std::size_t n = std::min<std::uint64_t>(buffer_.size(), piece.end - a);
      TRY(read_into(t_, fd_, reinterpret_cast<std::uint64_t>(buffer_.data()), n,
                    piece.file_offset + (a - piece.start)));
      copy_differing(reinterpret_cast<std::uint8_t*>(place(a)), buffer_.data(), n);
      a += n;
    }
    return {};
  }

  TaskCtx& t_;
  int fd_;
  const Premap& p_;
  std::span<std::uint8_t> buffer_;
};

/// EEXIST when something is there already.
Result<> map_new(TaskCtx& t, const Premap& p) {
  const Vma& v = *p.vma;
  UniqueFd file;
  if (v.is(kVmaFilePrivate)) file = TRY(files::open_path(t, v.file, v.fdflags));
  int flags = static_cast<int>(v.flags & ~std::uint32_t{MAP_LOCKED}) | MAP_FIXED_NOREPLACE;
  void* at = mmap(reinterpret_cast<void*>(p.at), v.size(), PROT_READ | PROT_WRITE, flags, file.get(),
                  static_cast<off_t>(v.pgoff));
  if (at == MAP_FAILED) return fail(t, "map private memory for", v.start, errno);
  for (int advice : {MADV_HUGEPAGE, MADV_NOHUGEPAGE})
    if (v.madv >> advice & 1) madvise(at, v.size(), advice);
  return {};
}

/// Where the engine's own stack may still grow to. The address space has other room to grow.
bool is_in_way_of_stack(const Vma& v) {
  constexpr std::uint64_t kRoom = 16 << 20;  // RLIMIT_STACK as it comes, and the gap that the kernel keeps below
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  return v.start < here && v.end > here - kRoom;
}

/// Whether `after` continues `before`, so that the kernel would make one mapping of the two when they are made side
/// by side. In the task they are apart, because their pages came separately.
bool would_merge(const Vma& before, const Vma& after) {
  return before.end == after.start && before.prot == after.prot && before.flags == after.flags &&
         before.file == after.file;
}

/// With a neighbour, whatever that one's way to its place is.
bool would_merge(const AddressSpace& space, const Vma& v) {
  return (&v != &space.vmas.front() && would_merge(*(&v - 1), v)) ||
         (&v != &space.vmas.back() && would_merge(v, *(&v + 1)));
}

/// What is premapped anew, and its pages.
struct Fresh {
  Premap premap;
  std::vector<Piece> pieces;
};

/// At its final place when nothing of the engine or of the parent is there; false when it has to wait elsewhere.
Result<bool> map_in_place(TaskCtx& t, const AddressSpace& space, Fresh& fresh) {
  if (would_merge(space, *fresh.premap.vma) || is_in_way_of_stack(*fresh.premap.vma)) return false;
  fresh.premap.at = fresh.premap.vma->start;
  auto mapped = map_new(t, fresh.premap);
  if (!mapped.ok() && mapped.error().err == EEXIST) return false;
  TRY(std::move(mapped));
  return true;
}

/// In a gap, for the restorer to move. Same offset within 2 MiB as at the final place, so that page tables and huge
/// pages move as a whole. Small ones lie close together: thousands of them would need a page table each.
Result<> map_in_gap(TaskCtx& t, const std::vector<Fresh*>& waiting) {
  std::uint64_t total = 0;
  for (Fresh* f : waiting) {
    const Vma& v = *f->premap.vma;
    if (v.size() >= kHugePage) total = ((total + kHugePage - 1) & ~(kHugePage - 1)) + (v.start & (kHugePage - 1));
    f->premap.at = total;
    total += v.size() + page_size();
  }
  if (waiting.empty()) return {};
  const std::uint64_t base = TRY(find_gap(t.restore, total));
  for (Fresh* f : waiting) {
    f->premap.at += base;
    TRY(map_new(t, f->premap));
  }
  return {};
}

Result<> map_all(TaskCtx& t, const AddressSpace& space, std::vector<Fresh>& fresh) {
  std::vector<Fresh*> waiting;
  for (Fresh& f : fresh)
    if (!TRY(map_in_place(t, space, f))) waiting.push_back(&f);
  return map_in_gap(t, waiting);
}

/// The parent's mapping of which the child's is a copy; null when there is none.
const Premap* find_same(const Premaps& of_parent, const Vma& v) {
  const auto parent = std::lower_bound(of_parent.begin(), of_parent.end(), v.start,
                                       [](const Premap& p, std::uint64_t start) { return p.vma->start < start; });
  return parent != of_parent.end() && same_mapping(*parent->vma, v) ? &*parent : nullptr;
}

void add_extents(const AddressSpace& space, const Premap& p, const std::vector<Piece>& pieces,
                 std::vector<FillExtent>& out) {
  const Vma& v = *p.vma;
  const bool plain = v.is(kVmaAnonPrivate) && !(v.madv >> MADV_HUGEPAGE & 1) && !(v.madv >> MADV_NOHUGEPAGE & 1);
  for (const Piece& piece : pieces)
    out.push_back(
        {p.at + (piece.start - v.start), piece.end - piece.start, piece.file_offset, plain && !space.thp_disabled});
}

}  // namespace

bool can_premap(const Vma& v) { return v.has_own_pages() && !v.is(kVmaMemfd) && !(v.flags & MAP_HUGETLB); }

bool same_mapping(const Vma& a, const Vma& b) {
  return a.start == b.start && a.end == b.end && a.flags == b.flags && a.pgoff == b.pgoff && a.status == b.status;
}

/// The lowest room between `used`, which ascend; 0 when there is none.
static std::uint64_t gap_between(const std::vector<Range>& used, std::uint64_t size, Range within) {
  std::uint64_t at = within.start;
  for (const Range& r : used) {
    if (r.start > at && r.start - at >= size + 2 * kHugePage) break;
    at = std::max(at, (r.end + 2 * kHugePage - 1) & ~(kHugePage - 1));
  }
  return at + size <= within.end ? at : 0;
}

static bool is_free_here(std::uint64_t at, std::uint64_t size) {
  void* const place = reinterpret_cast<void*>(at);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  return mmap(place, size, PROT_NONE, kFlags, -1, 0) == place && munmap(place, size) == 0;
}

Result<std::uint64_t> find_gap(const RestoreCtx& ctx, std::uint64_t size, Range within) {
  std::vector<Range> used = ctx.models.get<Model>().occupied;
  // Most often nothing of the caller's own is there, and its list of mappings need not be read.
  std::uint64_t at = gap_between(used, size, within);
  if (at != 0 && is_free_here(at, size)) return at;
  const std::string text = TRY(core::read_text_at(ctx.proc_fd, "self/maps"));
  const std::size_t middle = used.size();
  for (const SmapsEntry& e : TRY(parse_smaps(text))) used.push_back(e.range);
  std::inplace_merge(used.begin(), used.begin() + static_cast<long>(middle), used.end(),
                     [](const Range& a, const Range& b) { return a.start < b.start; });
  at = gap_between(used, size, within);
  if (at == 0) return Error{"mm", "find room for", format("{} bytes of memory", size), ENOMEM, ""};
  return at;
}

Result<Premaps> premap(TaskCtx& t, const Premaps& of_parent) {
  const AddressSpace& space = t.models().get<Model>().of(t.task);
  Premaps own;
  if (space.owner != t.task.pid) return own;
  UniqueFd pages = TRY(t.restore.images.raw(core::ImageType::kPages, space.pages_id));
  std::vector<FillExtent> extents;
  std::vector<Fresh> fresh;
  const bool stored_once = inherits_pages(space);
  const std::uint64_t size = buffer_size(space);
  const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(size);
  for (const Vma& v : space.vmas) {
    if (!can_premap(v)) continue;
    std::vector<Piece> pieces = pieces_of(space, v);
    if (const Premap* parent = find_same(of_parent, v)) {
      own.push_back({parent->at, &v});
      TRY(InheritedFiller(t, pages.get(), own.back(), {buffer.get(), size}).fill(pieces, stored_once, extents));
    } else if (!pieces.empty()) {
      fresh.push_back({{0, &v}, std::move(pieces)});
    }
  }
  TRY(map_all(t, space, fresh));
  for (const Fresh& f : fresh) {
    add_extents(space, f.premap, f.pieces, extents);
    own.push_back(f.premap);
  }
  std::sort(own.begin(), own.end(), [](const Premap& a, const Premap& b) { return a.vma < b.vma; });
  const std::string name = core::image_name(core::ImageType::kPages, space.pages_id);
  TRY(fill_pages(pages.get(), name, extents, page_workers_of_environment()));
  return own;
}

}  // namespace cr::mm
