#include "mm/page_fill.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/format.h"
#include "core/progress.h"
#include "mm/huge_mover.h"
#include "mm/worker_pool.h"

namespace cr::mm {
namespace {

constexpr std::uint64_t kHuge = HugeMover::kSize;

/// Bytes that do not cross a boundary of 2 MiB.
struct FillPiece {
  FillExtent part;
  bool huge;
};

std::vector<FillPiece> cut(const std::vector<FillExtent>& extents, bool huge_pages) {
  std::vector<FillPiece> pieces;
  for (const FillExtent& e : extents)
    for (std::uint64_t done = 0; done < e.size;) {
      const std::uint64_t at = e.at + done, n = std::min(e.size - done, kHuge - at % kHuge);
      pieces.push_back({{at, n, e.offset + done, false}, huge_pages && e.may_be_huge && n == kHuge});
      done += n;
    }
  return pieces;
}

class Filler {
 public:
  Filler(int file, const std::string& name, const HugeMover* mover) : file_(file), name_(name), mover_(mover) {}

  Result<> fill(const FillPiece& piece) {
    const FillExtent& part = piece.part;
    if (!piece.huge) return read(part.at, part);
    if (!staging_) staging_ = std::make_unique<Staging>();
    if (staging_->address() == 0) return read(part.at, part);
    TRY(read(staging_->address(), part));
    if (mover_->move(part.at, staging_->address())) return {};
    // The kernel gave small pages or can't move these: the bytes are read already, so copy them.
    std::memcpy(reinterpret_cast<void*>(part.at), reinterpret_cast<const void*>(staging_->address()), part.size);
    return {};
  }

 private:
  Result<> read(std::uint64_t to, const FillExtent& part) {
    for (std::uint64_t done = 0; done < part.size;) {
      auto* place = reinterpret_cast<std::uint8_t*>(to + done);
      const ssize_t n = pread(file_, place, part.size - done, static_cast<off_t>(part.offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        return Error{
            "mm", "read", format("{} at offset {}", name_, part.offset + done), n < 0 ? errno : EIO,
            errno == EFAULT || errno == ENOMEM ? "free memory or raise the limits of the restoring cgroup" : ""};
      done += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  int file_;
  const std::string& name_;
  const HugeMover* mover_;
  std::unique_ptr<Staging> staging_{};
};

bool small_pages_forced() {
  const char* wish = std::getenv("CRENGINE_PAGE_SINK");
  return wish != nullptr && std::strcmp(wish, "small") == 0;
}

bool worth_huge(const FillExtent& e) {
  return e.may_be_huge && ((e.at + kHuge - 1) & ~(kHuge - 1)) + kHuge <= e.at + e.size;
}

/// Registers all places that may get huge pages; false when there is none, or it can't be done.
bool prepare(HugeMover& mover, const std::vector<FillExtent>& extents) {
  for (const FillExtent& e : extents) {
    if (!worth_huge(e)) continue;
    const std::uint64_t start = (e.at + kHuge - 1) & ~(kHuge - 1), end = (e.at + e.size) & ~(kHuge - 1);
    if (!mover.add_target(start, end - start)) return false;
  }
  return true;
}

}  // namespace

Result<> fill_pages(int file, const std::string& name, const std::vector<FillExtent>& extents, unsigned workers) {
  if (extents.empty()) return {};
  std::uint64_t total = 0;
  for (const FillExtent& e : extents) total += e.size;
  std::unique_ptr<HugeMover> mover;
  if (!small_pages_forced() && std::any_of(extents.begin(), extents.end(), worth_huge)) {
    mover = std::make_unique<HugeMover>();
    if (!mover->usable() || !prepare(*mover, extents)) mover.reset();
  }
  const std::vector<FillPiece> pieces = cut(extents, mover != nullptr);
  if (workers == 0) workers = workers_for(total);
  std::vector<Filler> fillers;
  for (unsigned i = 0; i < workers; ++i) fillers.emplace_back(file, name, mover.get());
  core::Progress progress("restoring memory", total);
  return in_parallel(pieces.size(), workers, [&](std::size_t i, unsigned worker) -> Result<> {
    TRY(fillers[worker].fill(pieces[i]));
    progress.add(pieces[i].part.size);
    return {};
  });
}

}  // namespace cr::mm
