#include "core/image_codec.h"

#include "core/opener.h"

#include <fcntl.h>
#include <google/protobuf/message_lite.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <new>

#include "base/format.h"
#include "core/crc32c.h"

namespace cr::core {
namespace {

constexpr std::size_t kBufferSize = 256 << 10;
constexpr std::size_t kLengthSize = 4;

Error image_error(std::string step, std::string object, int err, std::string remedy = {}) {
  return Error{"image", std::move(step), std::move(object), err, std::move(remedy)};
}

void store32(std::uint8_t* p, std::uint32_t v) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(v >> (8 * i));
}

std::uint32_t load32(const std::uint8_t* p) {
  return p[0] | p[1] << 8 | p[2] << 16 | static_cast<std::uint32_t>(p[3]) << 24;
}

}  // namespace

// ---- writing

ImageWriter::ImageWriter(UniqueFd fd, std::string name)
    : fd_(std::move(fd)), sum_(std::make_shared<ImageSum>(ImageSum{.name = std::move(name)})) {}

Result<ImageWriter> ImageWriter::create(int dirfd, ImageType type, std::uint64_t id, std::string_view file_name) {
  std::string name = file_name.empty() ? image_name(type, id) : std::string(file_name);
  UniqueFd fd(::openat(dirfd, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return image_error("create", name, errno);
  ImageWriter w(std::move(fd), std::move(name));
  const ImageInfo& info = image_info(type);
  if (info.framing == Framing::kCommon) w.put32(kCommonMagic);
  if (info.framing == Framing::kService) w.put32(kServiceMagic);
  if (info.framing != Framing::kRaw) w.put32(info.magic);
  return w;
}

Result<ImageWriter> ImageWriter::replace(int dirfd, ImageType type, std::uint64_t id) {
  const std::string name = image_name(type, id);
  if (::unlinkat(dirfd, name.c_str(), 0) != 0 && errno != ENOENT) return image_error("replace", name, errno);
  return create(dirfd, type, id);
}

void ImageWriter::put32(std::uint32_t v) {
  buffer_.resize(buffer_.size() + 4);
  store32(buffer_.data() + buffer_.size() - 4, v);
}

Result<> ImageWriter::write_out(const std::uint8_t* data, std::size_t size) {
  sum_->crc = crc32c(sum_->crc, data, size);
  sum_->length += size;
  while (size > 0) {
    const ssize_t n = ::write(fd_.get(), data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error_ = image_error("write", name(), errno);
      return *error_;
    }
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<> ImageWriter::flush() {
  auto done = write_out(buffer_.data(), buffer_.size());
  buffer_.clear();
  return done;
}

Result<> ImageWriter::write(const google::protobuf::MessageLite& message) {
  if (error_) return *error_;
  if (!message.IsInitialized()) {
    error_ = image_error("write a record to", name(), 0,
                         format("a required field of {} is not set; this is a bug", message.GetTypeName()));
    return *error_;
  }
  const std::size_t size = message.ByteSizeLong();
  if (size > INT_MAX) {
    error_ = image_error("write a record to", name(), EFBIG, message.GetTypeName() + " is over 2 GiB");
    return *error_;
  }
  if (!buffer_.empty() && buffer_.size() + kLengthSize + size > kBufferSize) TRY(flush());
  put32(static_cast<std::uint32_t>(size));
  const std::size_t start = buffer_.size();
  buffer_.resize(start + size);
  message.SerializeWithCachedSizesToArray(buffer_.data() + start);
  return {};
}

Result<> ImageWriter::write_raw(std::span<const std::uint8_t> bytes) {
  if (error_) return *error_;
  if (buffer_.size() + bytes.size() > kBufferSize) TRY(flush());
  if (bytes.size() > kBufferSize) return write_out(bytes.data(), bytes.size());
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return {};
}

Result<> ImageWriter::close() {
  if (error_) return *error_;
  if (!fd_) return {};
  TRY(flush());
  if (::close(fd_.release()) != 0 && errno != EINTR) {
    error_ = image_error("close", name(), errno);
    return *error_;
  }
  sum_->finished = true;
  return {};
}

// ---- reading

ImageReader::ImageReader(UniqueFd fd, std::string name, std::uint64_t size)
    : fd_(std::move(fd)), name_(std::move(name)), size_(size) {}

Result<ImageReader> ImageReader::open(int dirfd, ImageType type, std::uint64_t id, int opener) {
  std::string name = image_name(type, id);
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a fifo of that name must not hang us
  UniqueFd fd = open_as_engine(opener, dirfd, name.c_str(), how);
  if (!fd) return image_error("open", name, errno, errno == ENOENT ? "the image set is incomplete" : "");
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return image_error("stat", name, errno);
  if (!S_ISREG(st.st_mode)) return image_error("open", name, 0, "it is not a regular file");
  ImageReader r(std::move(fd), std::move(name), static_cast<std::uint64_t>(st.st_size));
  TRY(r.check_header(image_info(type)));
  return r;
}

Result<std::optional<ImageReader>> ImageReader::open_optional(int dirfd, ImageType type, std::uint64_t id,
                                                              int opener) {
  auto r = open(dirfd, type, id, opener);
  if (r.ok()) return std::optional<ImageReader>(r.take());
  if (r.error().err == ENOENT) return std::optional<ImageReader>();
  return r.take_error();
}

Result<> ImageReader::check_header(const ImageInfo& info) {
  const auto expect = [this](std::uint32_t magic, const char* what) -> Result<> {
    if (remaining() < kLengthSize) return image_error("read the header of", name_, 0, "the file is cut short");
    const std::uint32_t found = TRY(take32());
    if (found == magic) return {};
    return image_error("read the header of", name_, 0,
                       format("wrong {} magic {:#010x}, {:#010x} is expected", what, found, magic));
  };
  if (info.framing == Framing::kCommon) TRY(expect(kCommonMagic, "common"));
  if (info.framing == Framing::kService) TRY(expect(kServiceMagic, "service"));
  if (info.framing != Framing::kRaw) TRY(expect(info.magic, "type"));
  return {};
}

Result<const std::uint8_t*> ImageReader::fill(std::uint64_t size) {
  const std::uint64_t end = buffer_start_ + buffer_fill_;
  if (offset_ >= buffer_start_ && offset_ <= end && size <= end - offset_)
    return buffer_.get() + (offset_ - buffer_start_);
  const std::size_t want = std::max<std::uint64_t>(size, std::min<std::uint64_t>(remaining(), kBufferSize));
  if (want > buffer_capacity_) {
    buffer_.reset(new (std::nothrow) std::uint8_t[want]);
    buffer_capacity_ = buffer_ ? want : 0;
    if (!buffer_) return image_error("read", name_, ENOMEM);
  }
  buffer_start_ = offset_;
  buffer_fill_ = 0;
  while (buffer_fill_ < want) {
    const ssize_t n = ::pread(fd_.get(), buffer_.get() + buffer_fill_, want - buffer_fill_,
                              static_cast<off_t>(buffer_start_ + buffer_fill_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return image_error("read", name_, errno);
    if (n == 0) return image_error("read", name_, 0, "the file became shorter while it was read");
    buffer_fill_ += static_cast<std::size_t>(n);
  }
  return buffer_.get();
}

Result<std::uint32_t> ImageReader::take32() {
  const std::uint8_t* p = TRY(fill(kLengthSize));
  offset_ += kLengthSize;
  return load32(p);
}

Error ImageReader::bad_record(const char* step, std::string remedy) const {
  return image_error(step, format("{} record {} at offset {}", name_, record_, record_offset_), 0, std::move(remedy));
}

Result<bool> ImageReader::next(google::protobuf::MessageLite& message) {
  if (remaining() == 0) return false;
  record_offset_ = offset_;
  if (remaining() < kLengthSize) return bad_record("read", "the file ends inside the record's length");
  const std::uint32_t size = TRY(take32());
  if (size > INT_MAX) return bad_record("read", format("its length {} is over 2 GiB", size));
  if (size > remaining())
    return bad_record("read", format("its length {} is beyond the file's end, {} bytes are left", size, remaining()));
  const std::uint8_t* bytes = TRY(fill(size));
  if (!message.ParsePartialFromArray(bytes, static_cast<int>(size)))
    return bad_record("parse", format("its bytes are no {}", message.GetTypeName()));
  if (!message.IsInitialized())
    return bad_record("parse",
                      format("a required field of {} is missing or has an unknown value", message.GetTypeName()));
  offset_ += size;
  ++record_;
  return true;
}

Result<> ImageReader::only(google::protobuf::MessageLite& message) {
  if (!TRY(next(message))) return image_error("read", name_, 0, "it holds no record");
  if (remaining() > 0) return image_error("read", name_, 0, format("{} bytes follow its one record", remaining()));
  return {};
}

Result<std::span<const std::uint8_t>> ImageReader::read_raw(std::uint64_t size) {
  if (size > remaining())
    return image_error("read", format("{} offset {}", name_, offset_), 0,
                       format("{} bytes of payload are expected, {} are left", size, remaining()));
  const std::uint8_t* p = TRY(fill(size));
  offset_ += size;
  return std::span<const std::uint8_t>(p, size);
}

Result<> ImageReader::skip(std::uint64_t size) {
  if (size > remaining())
    return image_error("skip in", format("{} offset {}", name_, offset_), 0,
                       format("{} bytes of payload are expected, {} are left", size, remaining()));
  offset_ += size;
  return {};
}

}  // namespace cr::core
