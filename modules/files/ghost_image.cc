// ghost-file-N.img: one record, then the content; or, with `chunks`, a record and its bytes for each piece.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "files/description.h"
#include "files/ghost.h"
#include "files/ghost_file.pb.h"

namespace cr::files {
namespace {

constexpr std::size_t kGhostBlock = 256 * 1024;

timespec from_timeval(const pb::timeval& tv, std::uint32_t nsec) {
  return {static_cast<time_t>(tv.tv_sec()), static_cast<long>(tv.tv_usec() * 1000 + nsec % 1000)};
}

void to_timeval(const timespec& ts, pb::timeval& tv) {
  tv.set_tv_sec(static_cast<std::uint64_t>(ts.tv_sec));
  tv.set_tv_usec(static_cast<std::uint64_t>(ts.tv_nsec / 1000));
}

/// Copies [from, to) of the file behind the image; to the end of the file when `to` is the largest number.
Result<> append(core::ImageWriter& image, const Ghost& ghost, int source, std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint8_t> buffer(kGhostBlock);
  while (from < to) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), to - from));
    const ssize_t n = pread(source, buffer.data(), want, static_cast<off_t>(from));
    if (n < 0) return fail("read deleted file", ghost.object, errno);
    if (n == 0) break;
    TRY(image.write_raw(std::span(buffer.data(), static_cast<std::size_t>(n))));
    from += static_cast<std::uint64_t>(n);
  }
  if (from < to && to != UINT64_MAX)
    return fail("read deleted file", ghost.object, 0, "it has become shorter meanwhile");
  return {};
}

Result<> write_out(int fd, std::span<const std::uint8_t> bytes, std::uint64_t at, const std::string& image) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0) return fail("write the deleted file of", image, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<> fill_range(core::ImageReader& image, int fd, std::uint64_t at, std::uint64_t length) {
  while (length > 0) {
    auto part = TRY(image.read_raw(std::min<std::uint64_t>(length, kGhostBlock)));
    TRY(write_out(fd, part, at, image.name()));
    at += part.size();
    length -= part.size();
  }
  return {};
}

Result<Ghost> parse(core::ImageReader& image) {
  pb::ghost_file_entry e;
  if (!TRY(image.next(e))) return fail("use", image.name(), 0, "it holds no record: the image is damaged");
  Ghost g;
  g.uid = e.uid();
  g.gid = e.gid();
  g.mode = e.mode();
  g.dev = e.dev();
  g.ino = e.ino();
  g.rdev = e.rdev();
  if (e.has_atim()) g.atime = from_timeval(e.atim(), e.cr_atim_nsec());
  if (e.has_mtim()) g.mtime = from_timeval(e.mtim(), e.cr_mtim_nsec());
  g.chunks = e.chunks();
  g.size = e.size();
  g.target = e.symlnk_target();
  g.flags = e.cr_flags();
  for (const pb::cr_xattr_entry& x : e.cr_xattrs()) g.xattrs.emplace_back(x.name(), x.value());
  g.object = image.name();
  return g;
}

}  // namespace

Result<> write_ghost_content(core::ImageWriter& image, const Ghost& ghost, int source) {
  if (!ghost.chunks) return append(image, ghost, source, 0, UINT64_MAX);
  off_t at = 0;
  for (;;) {
    const off_t data = lseek(source, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};
    const off_t hole = data < 0 ? -1 : lseek(source, data, SEEK_HOLE);
    if (hole < 0) return fail("find the holes of deleted file", ghost.object, errno);
    pb::ghost_chunk_entry chunk;
    chunk.set_off(static_cast<std::uint64_t>(data));
    chunk.set_len(static_cast<std::uint64_t>(hole - data));
    TRY(image.write(chunk));
    TRY(append(image, ghost, source, chunk.off(), chunk.off() + chunk.len()));
    at = hole;
  }
}

Result<> write_ghost(core::ImageWriterDir& images, std::uint32_t id, const Ghost& g) {
  core::ImageWriter image = TRY(images.create(core::ImageType::kGhostFile, id));
  pb::ghost_file_entry e;
  e.set_uid(g.uid);
  e.set_gid(g.gid);
  e.set_mode(g.mode);
  e.set_dev(g.dev);
  e.set_ino(g.ino);
  if (S_ISCHR(g.mode) || S_ISBLK(g.mode)) e.set_rdev(g.rdev);
  if (g.atime) to_timeval(*g.atime, *e.mutable_atim());
  if (g.mtime) to_timeval(*g.mtime, *e.mutable_mtim());
  if (g.atime && g.atime->tv_nsec % 1000 != 0)
    e.set_cr_atim_nsec(static_cast<std::uint32_t>(g.atime->tv_nsec % 1000));
  if (g.mtime && g.mtime->tv_nsec % 1000 != 0)
    e.set_cr_mtim_nsec(static_cast<std::uint32_t>(g.mtime->tv_nsec % 1000));
  for (const auto& [name, value] : g.xattrs) {
    pb::cr_xattr_entry& x = *e.add_cr_xattrs();
    x.set_name(name);
    x.set_value(value);
  }
  if (g.chunks) {
    e.set_chunks(true);
    e.set_size(g.size);
  }
  if (!g.target.empty()) e.set_symlnk_target(g.target);
  if (g.flags != 0) e.set_cr_flags(g.flags);
  TRY(image.write(e));
  if (S_ISREG(g.mode)) {
    UniqueFd source = TRY(reopen(g.source.get(), O_RDONLY | O_NOATIME, g.object));
    TRY(write_ghost_content(image, g, source.get()));
  }
  return image.close();
}

Result<Ghost> read_ghost(const core::ImageReaderDir& images, std::uint32_t id) {
  core::ImageReader image = TRY(images.image(core::ImageType::kGhostFile, id));
  Ghost g = TRY(parse(image));
  if (!g.chunks) return g;
  // Walk over the pieces, so that a damaged image is found before a process exists.
  pb::ghost_chunk_entry chunk;
  while (TRY(image.next(chunk))) {
    if (chunk.off() > g.size || chunk.len() > g.size - chunk.off())
      return fail("use", image.name(), 0, format("it has bytes beyond its size of {}: the image is damaged", g.size));
    TRY(image.skip(chunk.len()));
  }
  return g;
}

Result<> fill_ghost(const core::ImageReaderDir& images, std::uint32_t id, int fd) {
  core::ImageReader image = TRY(images.image(core::ImageType::kGhostFile, id));
  const Ghost g = TRY(parse(image));
  if (!g.chunks) return fill_range(image, fd, 0, image.remaining());
  if (ftruncate(fd, static_cast<off_t>(g.size)) != 0)
    return fail("set the size of the deleted file of", image.name(), errno);
  pb::ghost_chunk_entry chunk;
  while (TRY(image.next(chunk))) TRY(fill_range(image, fd, chunk.off(), chunk.len()));
  return {};
}

}  // namespace cr::files
