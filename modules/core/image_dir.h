// An image set as a directory: what is written, in which order it becomes valid, and what is checked before it is
// read. Follows "Images and commit" of docs/design.md and facts/image-format.md.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/image_codec.h"
#include "core/image_table.h"
#include "core/manifest.h"

namespace cr::core {

struct RawImageState;

/// A file whose bytes the caller writes itself, at any offset and from any thread or process: pages-N.img.
class RawImage {
 public:
  RawImage(UniqueFd fd, std::shared_ptr<RawImageState> state);
  RawImage(RawImage&&) noexcept;
  RawImage& operator=(RawImage&&) noexcept;
  ~RawImage();

  int fd() const { return fd_.get(); }
  const std::string& name() const;
  /// Writes all of it there and tells its checksum. Thread-safe, and one thread at a time: the kernel locks the file
  /// for every write, and threads that wait for that lock spin. Errors: pwrite(2), with file and offset.
  Result<> write(const void* data, std::size_t size, std::uint64_t offset);
  /// Tells the CRC32C of `length` bytes at `offset`, once per byte, in any order. Thread-safe. When the reports don't
  /// cover the file exactly at commit, the file is read back instead.
  void add_checksum(std::uint64_t offset, std::uint64_t length, std::uint32_t crc);
  /// All bytes are there: takes the file's length and closes it. Errors: fstat(2), close(2).
  Result<> close();

 private:
  UniqueFd fd_;
  std::shared_ptr<RawImageState> state_;
};

/// Writes a set. Nothing in the directory is touched before the first image is created; then the images of an earlier
/// set are removed, its inventory.img first, so that no mixture can look complete. Unless commit() succeeded, the
/// destructor removes all that was made, in the process that made it only.
class ImageWriterDir {
 public:
  ImageWriterDir();  ///< no directory yet: every call fails until one is opened
  /// Opens the directory `path`, creating it (mode 0700, parents must exist) when it isn't there. Errors: open(2).
  static Result<ImageWriterDir> open(const std::string& path);
  /// Same for a directory that the caller has open, O_PATH or not; `fd` remains the caller's. Errors: open(2).
  static Result<ImageWriterDir> open_at(int fd);
  ImageWriterDir(ImageWriterDir&&) noexcept;
  ImageWriterDir& operator=(ImageWriterDir&&) noexcept;
  ~ImageWriterDir();

  /// Creates an image; close the writer before commit(). Errors: openat(2); the image was created before (EEXIST).
  Result<ImageWriter> create(ImageType type, std::uint64_t id = 0);
  /// Creates a raw file, open for reading and writing with `flags` added (O_DIRECT). Errors: as create().
  Result<RawImage> create_raw(ImageType type, std::uint64_t id, int flags = 0);
  /// Makes the symlink `parent` to the set that pages marked as in the parent come from. `path` is relative to this
  /// directory or absolute. Errors: symlinkat(2).
  Result<> set_parent(const std::string& path);
  /// A reader has to know these bits (FeatureBits).
  void require(std::uint64_t features);

  /// Makes the set valid, and durable unless it lies in memory: manifest, fsync of all files, rename of inventory.img
  /// into place, fsync of the directory. Errors: an image isn't closed or failed, no inventory was created, write(2),
  /// fsync(2), rename(2).
  Result<> commit();

  int fd() const;
  const std::string& path() const;

 private:
  struct State;
  Result<> start();
  std::unique_ptr<State> state_;
};

/// Reads a set. What the manifest lists is checked when the set is opened, the content of pages files excepted.
class ImageReaderDir {
 public:
  enum class Need { kInventory, kNothing };

  ImageReaderDir();
  /// Opens the directory `path`. With a manifest: every image that it lists must be there with its length, and its
  /// CRC32C unless it is a pages file. Without one (a set of CRIU's): nothing is checked. Errors: open(2); no
  /// inventory.img ("not a complete image set") unless nothing is needed, as of a parent that a page server wrote;
  /// a manifest that is damaged or needs unknown features; an image that differs.
  static Result<ImageReaderDir> open(const std::string& path, Need need = Need::kInventory);
  static Result<ImageReaderDir> open_at(int fd, Need need = Need::kInventory);
  ImageReaderDir(ImageReaderDir&&) noexcept;
  ImageReaderDir& operator=(ImageReaderDir&&) noexcept;
  ~ImageReaderDir();

  /// As ImageReader::open and open_optional.
  Result<ImageReader> image(ImageType type, std::uint64_t id = 0) const;
  Result<std::optional<ImageReader>> optional_image(ImageType type, std::uint64_t id = 0) const;
  /// A raw image, open for reading with `flags` added (O_DIRECT). Errors: openat(2), not a regular file.
  Result<UniqueFd> raw(ImageType type, std::uint64_t id, int flags = 0) const;
  /// Ids of all images of a type that are in the directory, ascending. Errors: opendir(3), readdir(3).
  Result<std::vector<std::uint64_t>> ids(ImageType type) const;
  /// The set that the symlink `parent` leads to, when there is one. Errors: as open().
  Result<std::optional<ImageReaderDir>> parent() const;

  bool has_manifest() const;
  /// Length and checksum that the manifest tells of an image; null when it tells nothing.
  const ManifestEntry* expected(const std::string& name) const;
  /// Checks the CRC32C of all listed pages files with `threads` threads together (0: one per CPU). Who changes them
  /// later is not found out: they are not checked again when they are used. Files that no manifest lists pass.
  /// Errors: read(2), a checksum that differs.
  Result<> verify_pages(unsigned threads = 0) const;

  /// Moves the directory's descriptor to a free number from `number` up, so that lower ones can be given away.
  /// Errors: fcntl(2).
  Result<> keep_above(int number) const;
  /// From now on files that the caller may not open are opened by the opener (opener.h).
  void use(int opener) const;
  int fd() const;
  const std::string& path() const;

 private:
  struct State;
  Result<> load(Need need);
  Result<> verify_content(std::span<const ManifestEntry* const> entries, unsigned threads) const;
  std::unique_ptr<State> state_;
};

}  // namespace cr::core
