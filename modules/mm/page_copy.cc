#include "mm/page_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/format.h"
#include "base/page_size.h"
#include "base/unique_fd.h"
#include "core/crc32c.h"
#include "core/progress.h"
#include "mm/huge_part.h"
#include "mm/pagemap_entry.h"
#include "mm/worker_pool.h"

namespace cr::mm {
namespace {

constexpr std::uint64_t kSmallestPage = 4096;
constexpr std::size_t kChunk = 512 << 10;      // stays in the second-level cache between read, checksum and write
constexpr std::uint64_t kMaxPiece = 16 << 20;  // what a worker takes at a time
constexpr std::uint64_t kMapped = 32 << 20;    // what all workers together may have mapped of the files
constexpr std::uint64_t kCopyWorthAThread = 8 << 20;

/// Memory for reading into, page aligned and faulted in once.
class Buffer {
 public:
  Buffer() : at_(mmap(nullptr, kChunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~Buffer() {
    if (at_ != MAP_FAILED) munmap(at_, kChunk);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::uint8_t* get() const { return at_ == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(at_); }

 private:
  void* at_;
};

/// Enough for huge pages to be made many at a time, each call for which waits for all CPUs.
std::uint64_t piece_size(unsigned workers) {
  const std::uint64_t share = kMapped / workers / HugePart::kHuge * HugePart::kHuge;
  return std::clamp<std::uint64_t>(share, HugePart::kHuge, kMaxPiece);
}

/// One piece of a job: extents [first, last), bounded to piece_size().
struct CopyPiece {
  const PageJob* job;
  const Extent* extent;
  std::uint64_t from, to;  ///< bytes of the extents that follow each other from `extent` on
};

/// Copies single pieces. One per worker.
class Copier {
 public:
  /// `huge`: whether parts of the files may become huge pages; one that can't be ends that for all.
  Copier(PageSource source, std::atomic<bool>& huge) : source_(source), huge_(huge) {}

  Result<> copy(const CopyPiece& piece) {
    if (buffer_.get() == nullptr) return Error{"mm", "get memory for", "copying pages", ENOMEM, ""};
    if (job_ != piece.job) {
      job_ = piece.job;
      pagemap_.reset();
    }
    const Extent* e = piece.extent;
    std::uint64_t inside = piece.from;  // of extent e
    const std::optional<HugePart> part = huge_part(piece);
    for (std::uint64_t left = piece.to - piece.from; left > 0; ++e, inside = 0) {
      const std::uint64_t n = std::min(left, e->size - inside);
      TRY(copy_range({e->start + inside, n, e->offset + inside, e->unshared}, part));
      left -= n;
    }
    // A disk begins now, and not when all is copied. On tmpfs there is nothing to begin with.
    if (!part)
      sync_file_range(job_->pages->fd(), static_cast<off64_t>(piece.extent->offset + piece.from),
                      static_cast<off64_t>(piece.to - piece.from), SYNC_FILE_RANGE_WRITE);
    return {};
  }

 private:
  /// The extents of a job follow each other in its file, so a piece is one part of it.
  std::optional<HugePart> huge_part(const CopyPiece& piece) {
    const std::uint64_t offset = piece.extent->offset + piece.from, size = piece.to - piece.from;
    if (!huge_ || size % HugePart::kHuge != 0 || offset % HugePart::kHuge != 0) return std::nullopt;
    auto part = HugePart::make(job_->pages->fd(), offset, size);
    if (!part) huge_ = false;
    return part;
  }

  Result<> copy_range(Extent left, const std::optional<HugePart>& part) {
    while (left.size > 0) {
      std::uint8_t* to = part ? part->at(left.offset) : buffer_.get();
      const std::size_t got = TRY(read(left.start, to, std::min<std::uint64_t>(kChunk, left.size), left.unshared));
      if (part)
        job_->pages->add_checksum(left.offset, got, core::crc32c(0, to, got));
      else
        TRY(job_->pages->write(to, got, left.offset));
      left.start += got, left.offset += got, left.size -= got;
    }
    return {};
  }

  Result<std::size_t> read(std::uint64_t at, std::uint8_t* to, std::size_t want, bool unshared) {
    if (source_ == PageSource::kAuto && (unshared || all_exclusive(at, want))) {
      const iovec local{to, want}, remote{reinterpret_cast<void*>(at), want};
      const ssize_t n = process_vm_readv(job_->pid.value, &local, 1, &remote, 1, 0);
      if (n > 0 && n % static_cast<ssize_t>(page_size()) == 0) return static_cast<std::size_t>(n);
      // PROT_NONE, or a policy against it: the other way works for both.
    }
    const ssize_t n = pread(job_->mem_fd, to, want, static_cast<off_t>(at));
    if (n > 0 && n % static_cast<ssize_t>(page_size()) == 0) return static_cast<std::size_t>(n);
    return Error{"mm", "read memory of", format("pid {} at {:x}", job_->pid, at), n < 0 ? errno : EIO, ""};
  }

  bool all_exclusive(std::uint64_t at, std::size_t size) {
    const std::size_t count = size / page_size();
    const auto bytes = static_cast<ssize_t>(count * 8);
    if (!pagemap_) pagemap_.reset(open(format("/proc/{}/pagemap", job_->pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (pread(pagemap_.get(), entries_, count * 8, static_cast<off_t>(at / page_size() * 8)) != bytes) return false;
    return std::all_of(entries_, entries_ + count, [](std::uint64_t e) { return (e & kEntryExclusive) != 0; });
  }

  PageSource source_;
  std::atomic<bool>& huge_;
  const PageJob* job_ = nullptr;
  UniqueFd pagemap_{};
  Buffer buffer_{};
  std::uint64_t entries_[kChunk / kSmallestPage];
};

std::vector<CopyPiece> cut(std::span<PageJob> jobs, std::uint64_t piece) {
  std::vector<CopyPiece> pieces;
  for (const PageJob& job : jobs) {
    const Extent* first = nullptr;
    std::uint64_t from = 0, length = 0;
    auto finish = [&] {
      if (length > 0) pieces.push_back({&job, first, from, from + length});
      length = 0;
    };
    for (const Extent& e : job.extents) {
      for (std::uint64_t done = 0; done < e.size;) {
        if (length == 0) first = &e, from = done;
        const std::uint64_t n = std::min(piece - length, e.size - done);
        done += n, length += n;
        if (length == piece) finish();
      }
    }
    finish();
  }
  return pieces;
}

/// Gives the files their length, which huge pages need, where there can be one. False: they don't let it be done.
bool lengthen(std::span<const PageJob> jobs) {
  return std::all_of(jobs.begin(), jobs.end(), [](const PageJob& job) {
    if (job.extents.empty()) return true;
    const std::uint64_t length = job.extents.back().offset + job.extents.back().size;
    return length < HugePart::kHuge || ftruncate(job.pages->fd(), static_cast<off_t>(length)) == 0;
  });
}

}  // namespace

unsigned workers_for(std::uint64_t bytes) {
  cpu_set_t set;
  const int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<unsigned>(
      std::clamp<std::uint64_t>(bytes / kCopyWorthAThread, 1, static_cast<std::uint64_t>(cpus)));
}

Result<> copy_pages(std::span<PageJob> jobs, PageSource source, unsigned workers) {
  std::uint64_t total = 0;
  for (const PageJob& job : jobs)
    for (const Extent& e : job.extents) total += e.size;
  if (total == 0) return {};
  if (workers == 0) workers = workers_for(total);
  const std::vector<CopyPiece> pieces = cut(jobs, piece_size(workers));
  std::atomic<bool> huge = lengthen(jobs);
  std::vector<std::unique_ptr<Copier>> copiers;
  for (unsigned i = 0; i < workers; ++i) copiers.push_back(std::make_unique<Copier>(source, huge));
  core::Progress progress("dumping memory", total);
  return in_parallel(pieces.size(), workers, [&](std::size_t i, unsigned worker) -> Result<> {
    TRY(copiers[worker]->copy(pieces[i]));
    progress.add(pieces[i].to - pieces[i].from);
    return {};
  });
}

PageSource page_source_of_environment() {
  const char* wish = std::getenv("CRENGINE_PAGE_SOURCE");
  return wish != nullptr && std::strcmp(wish, "mem") == 0 ? PageSource::kMem : PageSource::kAuto;
}

unsigned page_workers_of_environment() {
  const char* wish = std::getenv("CRENGINE_PAGE_WORKERS");
  return wish == nullptr ? 0 : static_cast<unsigned>(std::clamp(std::atoi(wish), 0, 64));
}

}  // namespace cr::mm
