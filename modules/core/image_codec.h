// Records in image files: docs facts/image-format.md, "Framing". All integers are little-endian.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/image_table.h"

namespace google::protobuf {
class MessageLite;
}

namespace cr::core {

/// What the manifest records of a file.
struct ImageSum {
  std::string name;          ///< file name in the set
  std::uint64_t length = 0;  ///< bytes
  std::uint32_t crc = 0;     ///< CRC32C of the whole file
  bool finished = false;     ///< closed without an error
};

/// Writes one image: header, then records and payload, through a buffer. The first error sticks: later calls and
/// close() return it. A writer destroyed before close() leaves an unfinished file, which ImageDir::commit refuses.
class ImageWriter {
 public:
  /// Creates the file of `type` and `id` in `dirfd`, mode 0600; it must not exist. `file_name` is written instead of
  /// the table's name when given. Errors: openat(2), EEXIST among them.
  static Result<ImageWriter> create(int dirfd, ImageType type, std::uint64_t id = 0, std::string_view file_name = {});

  /// Same, in place of a file that may exist: for images that no commit covers, such as stats.
  static Result<ImageWriter> replace(int dirfd, ImageType type, std::uint64_t id = 0);

  ImageWriter(ImageWriter&&) = default;
  ImageWriter& operator=(ImageWriter&&) = default;

  /// Appends one record. Errors: a required field is not set (named type), message over 2 GiB, write(2).
  Result<> write(const google::protobuf::MessageLite& message);
  /// Appends bytes as they are: the payload after a record, or the content of a raw image. Errors: write(2).
  Result<> write_raw(std::span<const std::uint8_t> bytes);
  /// Writes out what is buffered and closes the file. Durability is ImageDir::commit's part. Errors: write(2).
  Result<> close();

  const std::string& name() const { return sum_->name; }
  /// Length and checksum, final after close().
  std::shared_ptr<const ImageSum> sum() const { return sum_; }

 private:
  ImageWriter(UniqueFd fd, std::string name);
  Result<> flush();
  Result<> write_out(const std::uint8_t* data, std::size_t size);
  void put32(std::uint32_t v);

  UniqueFd fd_;
  std::shared_ptr<ImageSum> sum_;
  std::vector<std::uint8_t> buffer_;
  std::optional<Error> error_;
};

/// Reads one image from its start. Nothing a file holds makes it allocate more than the file's own size or read
/// outside its buffer. All errors name the file, those of records the number (from 0) and the offset in bytes.
class ImageReader {
 public:
  /// Opens the file and checks its header. Errors: openat(2) (ENOENT when the image isn't there), not a regular file,
  /// too short for a header, a magic that differs (says which was found).
  /// `opener`: see opener.h.
  static Result<ImageReader> open(int dirfd, ImageType type, std::uint64_t id = 0, int opener = -1);
  /// Same, but an image that isn't there is no error: nothing is returned then.
  static Result<std::optional<ImageReader>> open_optional(int dirfd, ImageType type, std::uint64_t id = 0,
                                                          int opener = -1);

  /// Reads `size` bytes of a file that has no header and is open already.
  static ImageReader wrap(UniqueFd fd, std::string name, std::uint64_t size) {
    return ImageReader(std::move(fd), std::move(name), size);
  }
  ImageReader(ImageReader&&) = default;
  ImageReader& operator=(ImageReader&&) = default;

  /// Reads the next record into `message` (cleared first); false at the end of the file. Errors: a record cut short,
  /// a length beyond the file's end or beyond 2 GiB, bytes that don't parse, a required field that isn't there.
  Result<bool> next(google::protobuf::MessageLite& message);
  /// Reads the one record of a file that must hold exactly one. Errors: as next(); none; something behind it.
  Result<> only(google::protobuf::MessageLite& message);
  /// The next `size` bytes as they are; valid until the next call on this reader. Errors: fewer are left, read(2),
  /// ENOMEM.
  Result<std::span<const std::uint8_t>> read_raw(std::uint64_t size);
  /// Goes forward without reading. Errors: fewer bytes are left.
  Result<> skip(std::uint64_t size);

  std::uint64_t remaining() const { return size_ - offset_; }  ///< bytes to the end of the file
  std::uint64_t offset() const { return offset_; }             ///< of the next byte, from the start of the file
  int fd() const { return fd_.get(); }                         ///< for copying payload elsewhere; use with offset()
  const std::string& name() const { return name_; }

 private:
  ImageReader(UniqueFd fd, std::string name, std::uint64_t size);
  Result<> check_header(const ImageInfo& info);
  Result<std::uint32_t> take32();
  Result<const std::uint8_t*> fill(std::uint64_t size);
  Error bad_record(const char* step, std::string remedy) const;

  UniqueFd fd_;
  std::string name_;
  std::uint64_t size_;              // of the file when opened
  std::uint64_t offset_ = 0;        // next byte to hand out
  std::uint64_t buffer_start_ = 0;  // where in the file buffer_ begins
  std::size_t buffer_fill_ = 0;     // bytes that are in it
  std::size_t buffer_capacity_ = 0;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::uint64_t record_ = 0;         // number of the record being read
  std::uint64_t record_offset_ = 0;  // where its length stands
};

}  // namespace cr::core
