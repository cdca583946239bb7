#include "files/shmem_content.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/defer.h"
#include "base/format.h"
#include "base/page_size.h"
#include "core/page_stream.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr std::size_t kContentBlock = 1 << 20;

/// Copies [at, end) of `from` to offset `to` of the pages file. What lies behind the end of the file is zeros.
Result<> copy_out(int from, std::uint64_t at, std::uint64_t end, core::RawImage& pages, std::uint64_t to,
                  const std::string& object) {
  std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(kContentBlock, end - at));
  while (at < end) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - at));
    const ssize_t n = pread(from, buffer.data(), want, static_cast<off_t>(at));
    if (n < 0) return fail("read", object, errno);
    if (n == 0) std::fill(buffer.begin(), buffer.end(), 0);
    const std::size_t got = n == 0 ? want : static_cast<std::size_t>(n);
    TRY(pages.write(buffer.data(), got, to));
    at += got;
    to += got;
  }
  return {};
}

}  // namespace

Result<> dump_shmem(DumpCtx& ctx, int fd, std::uint32_t shmid, const std::string& object) {
  struct stat st;
  if (fstat(fd, &st) != 0) return fail("stat", object, errno);
  const std::uint32_t pages_id = ctx.ids.next_pages++;
  core::PagemapWriter map =
      TRY(core::PagemapWriter::create(ctx.images, core::ImageType::kShmemPagemap, shmid, pages_id));
  core::RawImage pages = TRY(ctx.images.create_raw(core::ImageType::kPages, pages_id));
  const auto size = static_cast<std::uint64_t>(st.st_size);
  std::uint64_t at = 0;
  while (at < size) {
    const off_t data = lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    const off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return fail("find the holes of", object, errno);
    const std::uint64_t from = static_cast<std::uint64_t>(data) & ~(page_size() - 1);
    const std::uint64_t to = whole_pages(static_cast<std::uint64_t>(hole));
    const std::uint64_t place = TRY(map.add(from, (to - from) / page_size(), core::kPePresent));
    TRY(copy_out(fd, from, to, pages, place, object));
    at = to;
  }
  TRY(map.close());
  return pages.close();
}

Result<> check_shmem(ReadCtx& ctx, std::uint32_t shmid, std::uint64_t size) {
  if (size == 0) return {};
  const auto map = TRY(core::PagemapReader::open(ctx.images, core::ImageType::kShmemPagemap, shmid));
  for (const core::PageRun& run : map.runs())
    if (run.vaddr + run.nr_pages * page_size() > whole_pages(size))
      return fail("use", format("pagemap-shmem-{}.img", shmid), 0,
                  format("it has pages beyond its size of {}: the image is damaged", size));
  return {};
}

Result<> fill_shmem(const core::ImageReaderDir& images, int fd, std::uint32_t shmid, std::uint64_t size) {
  if (size == 0) return {};
  const auto map = TRY(core::PagemapReader::open(images, core::ImageType::kShmemPagemap, shmid));
  if (map.runs().empty()) return {};
  const std::string object = format("shared memory {}", shmid);
  UniqueFd pages = TRY(map.open_pages(images));
  // Read straight into the pages: half the copying, and the only way with huge pages, which can't be written to.
  const std::size_t length = whole_pages(size);
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (memory == MAP_FAILED) return fail("map", object, errno);
  Defer unmap([&] { munmap(memory, length); });
  for (const core::PageRun& run : map.runs()) {
    if (!(run.flags & core::kPePresent))
      return fail("restore", object, 0, "its pages are in a parent image set, which is not carried yet");
    const std::uint64_t end = std::min(run.vaddr + run.nr_pages * page_size(), size);
    for (std::uint64_t done = 0; run.vaddr + done < end;) {
      const ssize_t n = pread(pages.get(), static_cast<char*>(memory) + run.vaddr + done, end - run.vaddr - done,
                              static_cast<off_t>(run.offset + done));
      if (n <= 0) return fail("read the pages of", object, n < 0 ? errno : EIO);
      done += static_cast<std::uint64_t>(n);
    }
  }
  return {};
}

}  // namespace cr::files
