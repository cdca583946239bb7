// Which pages are where: pagemap-N.img and pagemap-shmem-N.img, and the layout of pages-N.img that follows from them.
// Follows facts/image-format.md, "Payloads after a record" and "Meaning".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "core/image_codec.h"
#include "core/image_dir.h"
#include "core/image_table.h"

namespace cr::core {

/// pagemap_entry.flags
enum PageFlags : std::uint32_t {
  kPeParent = 1,   ///< the bytes are in the parent set
  kPeLazy = 2,     ///< may be restored on first touch
  kPePresent = 4,  ///< the bytes are in the pages file
  /// With kPeParent, which makes other readers look for a parent set and refuse: the bytes are those that the process
  /// has which this one was forked from, at the same address (kStoredOnce).
  kPeInherited = 1 << 16,
};

/// Adjacent pages of one kind.
struct PageRun {
  std::uint64_t vaddr = 0;     ///< address in the task, or offset in the shared memory; bytes, page aligned
  std::uint64_t nr_pages = 0;  ///< never 0
  std::uint32_t flags = 0;     ///< PageFlags
  std::uint64_t offset = 0;    ///< bytes, in pages-<pages_id>.img; meaningful with kPePresent only
};

/// Writes one pagemap. Runs come in ascending order; those that touch and have equal flags become one record.
class PagemapWriter {
 public:
  /// Creates the image `type` (kPagemap or kShmemPagemap) and `id`, whose bytes are in pages-<pages_id>.img. Errors:
  /// as ImageWriterDir::create.
  static Result<PagemapWriter> create(ImageWriterDir& dir, ImageType type, std::uint64_t id, std::uint32_t pages_id);

  /// Adds a run; with kPePresent its bytes belong at the returned offset (bytes) of the pages file. Errors: no pages,
  /// not page aligned, beyond 64 bits, flags that say nothing of where the bytes are, below the end of the run
  /// before; write(2).
  Result<std::uint64_t> add(std::uint64_t vaddr, std::uint64_t nr_pages, std::uint32_t flags);
  /// Writes what is pending and closes the image. Errors: write(2).
  Result<> close();

  std::uint64_t pages_bytes() const { return bytes_; }  ///< how long the pages file has to be

 private:
  explicit PagemapWriter(ImageWriter image) : image_(std::move(image)) {}
  Result<> put_pending();

  ImageWriter image_;
  PageRun pending_;          // nr_pages 0: none
  std::uint64_t end_ = 0;    // of the last run
  std::uint64_t bytes_ = 0;  // of the pages file so far
};

/// Reads one pagemap whole and checks it against its pages file. Sets of all versions: the count is in nr_pages or,
/// of old, in compat_nr_pages; the place is in flags or, of old, in in_parent.
class PagemapReader {
 public:
  /// Errors: as ImageReaderDir::image (ENOENT when there is no such pagemap); a run without pages, unaligned, beyond
  /// 64 bits, out of order or overlapping, with unknown or contradicting flags; a pages file whose length isn't the
  /// sum of its runs.
  static Result<PagemapReader> open(const ImageReaderDir& dir, ImageType type, std::uint64_t id);

  std::span<const PageRun> runs() const { return runs_; }  ///< ascending
  std::uint32_t pages_id() const { return pages_id_; }
  std::uint64_t pages_bytes() const { return bytes_; }  ///< length of the pages file
  /// Opens the pages file for reading with `flags` added (O_DIRECT). Errors: as ImageReaderDir::raw.
  Result<UniqueFd> open_pages(const ImageReaderDir& dir, int flags = 0) const;

 private:
  Result<> load(ImageReader& image);

  std::vector<PageRun> runs_;
  std::uint32_t pages_id_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace cr::core
