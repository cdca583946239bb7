#include "core/page_stream.h"

#include <sys/stat.h>
#include <unistd.h>

#include <limits>

#include "base/format.h"
#include "base/page_size.h"
#include "core/pagemap.pb.h"

namespace cr::core {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kKnownFlags = kPeParent | kPeLazy | kPePresent | kPeInherited;

// What is wrong with a run that shall follow `end`, with `bytes` in the pages file so far; null when nothing is.
const char* fault(const PageRun& run, std::uint64_t end, std::uint64_t bytes) {
  const std::uint64_t page = page_size();
  if (run.nr_pages == 0) return "holds no page";
  if (run.vaddr % page != 0) return "is not page aligned";
  if (run.nr_pages > (kMax - run.vaddr) / page || run.nr_pages > (kMax - bytes) / page) return "goes beyond 64 bits";
  if (run.flags & ~kKnownFlags) return "has flags that are not known";
  if (run.flags == 0) return "says nothing of where its bytes are";
  if ((run.flags & kPeParent) && (run.flags & kPePresent)) return "is both here and in the parent";
  if ((run.flags & kPeInherited) && !(run.flags & kPeParent)) return "is inherited from nobody";
  if (run.vaddr < end) return "is out of order or overlaps the run before";
  return nullptr;
}

Error bad_run(const std::string& image, const PageRun& run, const char* what) {
  return Error{"image", "use", format("{} run at {:#x} of {} pages", image, run.vaddr, run.nr_pages), 0,
               format("the run {}", what)};
}

}  // namespace

Result<PagemapWriter> PagemapWriter::create(ImageWriterDir& dir, ImageType type, std::uint64_t id,
                                            std::uint32_t pages_id) {
  PagemapWriter w(TRY(dir.create(type, id)));
  pb::pagemap_head head;
  head.set_pages_id(pages_id);
  TRY(w.image_.write(head));
  return w;
}

Result<std::uint64_t> PagemapWriter::add(std::uint64_t vaddr, std::uint64_t nr_pages, std::uint32_t flags) {
  const PageRun run{vaddr, nr_pages, flags, bytes_};
  if (const char* what = fault(run, end_, bytes_)) return bad_run(image_.name(), run, what);
  if (pending_.nr_pages != 0 && end_ == vaddr && pending_.flags == flags) {
    pending_.nr_pages += nr_pages;
  } else {
    TRY(put_pending());
    pending_ = run;
  }
  end_ = vaddr + nr_pages * page_size();
  if (flags & kPePresent) bytes_ += nr_pages * page_size();
  return run.offset;
}

Result<> PagemapWriter::put_pending() {
  if (pending_.nr_pages == 0) return {};
  pb::pagemap_entry entry;
  entry.set_vaddr(pending_.vaddr);
  // 4.x reads nr_pages, 3.x and Debian's crit only the field of 32 bits.
  const bool fits = pending_.nr_pages <= std::numeric_limits<std::uint32_t>::max();
  entry.set_compat_nr_pages(fits ? static_cast<std::uint32_t>(pending_.nr_pages) : 0);
  entry.set_flags(pending_.flags);
  entry.set_nr_pages(pending_.nr_pages);
  pending_ = {};
  return image_.write(entry);
}

Result<> PagemapWriter::close() {
  TRY(put_pending());
  return image_.close();
}

Result<PagemapReader> PagemapReader::open(const ImageReaderDir& dir, ImageType type, std::uint64_t id) {
  ImageReader image = TRY(dir.image(type, id));
  PagemapReader r;
  TRY(r.load(image));
  const std::string pages = image_name(ImageType::kPages, r.pages_id_);
  auto file = r.open_pages(dir);
  if (!file.ok()) {
    // Nothing to read, nothing needed: a set whose pages are all in its parent.
    if (r.bytes_ == 0 && file.error().err == ENOENT) return r;
    return file.take_error();
  }
  struct stat st;
  if (::fstat(file.value().get(), &st) != 0) return Error{"image", "stat", pages, errno, {}};
  if (static_cast<std::uint64_t>(st.st_size) != r.bytes_)
    return Error{"image", "use", pages, 0,
                 format("it is {} bytes long, {} tells of {}", st.st_size, image.name(), r.bytes_)};
  return r;
}

Result<> PagemapReader::load(ImageReader& image) {
  pb::pagemap_head head;
  if (!TRY(image.next(head))) return Error{"image", "read", image.name(), 0, "it holds no record"};
  pages_id_ = head.pages_id();
  std::uint64_t end = 0;
  pb::pagemap_entry entry;
  while (TRY(image.next(entry))) {
    PageRun run{entry.vaddr(), entry.has_nr_pages() ? entry.nr_pages() : entry.compat_nr_pages(), entry.flags(),
                bytes_};
    if (!entry.has_flags()) run.flags = entry.in_parent() ? kPeParent : kPePresent;
    if (const char* what = fault(run, end, bytes_)) return bad_run(image.name(), run, what);
    if (entry.has_nr_pages() && entry.compat_nr_pages() != 0 && entry.compat_nr_pages() != run.nr_pages)
      return bad_run(image.name(), run, "has two counts of pages that differ");
    const std::uint64_t length = run.nr_pages * page_size();
    end = run.vaddr + length;
    if (run.flags & kPePresent) bytes_ += length;
    runs_.push_back(run);
  }
  return {};
}

Result<UniqueFd> PagemapReader::open_pages(const ImageReaderDir& dir, int flags) const {
  return dir.raw(ImageType::kPages, pages_id_, flags);
}

}  // namespace cr::core
