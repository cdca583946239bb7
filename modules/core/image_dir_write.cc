#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/format.h"
#include "core/crc32c.h"
#include "core/dir_error.h"
#include "core/file_checksum.h"
#include "core/image_dir.h"
#include "core/image_sync.h"

namespace cr::core {
namespace {

constexpr char kInventoryName[] = "inventory.img";
constexpr char kInventoryTemporary[] = "inventory.img.tmp";
constexpr char kParentName[] = "parent";

// Of an earlier set: all but what `cpuinfo dump` leaves for the dump that follows.
bool is_stale(const char* name) {
  if (std::string_view(name) == kManifestName || std::string_view(name) == kParentName) return true;
  if (std::string_view(name) == kInventoryTemporary) return true;
  const auto image = parse_image_name(name);
  return image && image->type != ImageType::kCpuinfo;
}

}  // namespace

struct RawImageState {
  std::string name;
  std::mutex writing{};
  Crc32cRanges ranges;
  std::uint64_t length = 0;
  bool finished = false;
};

RawImage::RawImage(UniqueFd fd, std::shared_ptr<RawImageState> state)
    : fd_(std::move(fd)), state_(std::move(state)) {}
RawImage::RawImage(RawImage&&) noexcept = default;
RawImage& RawImage::operator=(RawImage&&) noexcept = default;
RawImage::~RawImage() = default;

const std::string& RawImage::name() const { return state_->name; }

Result<> RawImage::write(const void* data, std::size_t size, std::uint64_t offset) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  {
    const std::lock_guard lock(state_->writing);
    for (std::size_t done = 0; done < size;) {
      const ssize_t n = pwrite(fd(), bytes + done, size - done, static_cast<off_t>(offset + done));
      if (n <= 0)
        return Error{"image", "write", format("{} at offset {}", name(), offset + done), n < 0 ? errno : EIO,
                     "free space on the images' disk, or name another directory with -D"};
      done += static_cast<std::size_t>(n);
    }
  }
  add_checksum(offset, size, crc32c(0, data, size));
  return {};
}

void RawImage::add_checksum(std::uint64_t offset, std::uint64_t length, std::uint32_t crc) {
  state_->ranges.add(offset, length, crc);
}

Result<> RawImage::close() {
  if (!fd_) return {};
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) return dir_error("stat", name(), errno);
  if (::close(fd_.release()) != 0 && errno != EINTR) return dir_error("close", name(), errno);
  state_->length = static_cast<std::uint64_t>(st.st_size);
  state_->finished = true;
  return {};
}

struct ImageWriterDir::State {
  UniqueFd fd;
  std::string path;
  pid_t owner = ::getpid();
  bool made_directory = false;
  bool started = false;
  bool committed = false;
  bool has_inventory = false;
  std::uint64_t features = 0;
  std::vector<std::string> made;  // names in the directory, to sync or to remove
  std::set<std::string> names;    // names of images
  std::vector<std::shared_ptr<const ImageSum>> images;
  std::vector<std::shared_ptr<RawImageState>> raw_images;

  ~State() {
    if (committed || !fd || owner != ::getpid()) return;
    if (started) ::unlinkat(fd.get(), kInventoryName, 0);
    for (const std::string& name : made) ::unlinkat(fd.get(), name.c_str(), 0);
    if (made_directory) ::rmdir(path.c_str());
  }

  Result<> reserve(const std::string& name);
  Result<> check_finished() const;
  Result<Manifest> manifest() const;
};

ImageWriterDir::ImageWriterDir() : state_(std::make_unique<State>()) {}
ImageWriterDir::ImageWriterDir(ImageWriterDir&&) noexcept = default;
ImageWriterDir& ImageWriterDir::operator=(ImageWriterDir&&) noexcept = default;
ImageWriterDir::~ImageWriterDir() = default;

Result<ImageWriterDir> ImageWriterDir::open(const std::string& path) {
  ImageWriterDir dir;
  dir.state_->path = path;
  if (::mkdir(path.c_str(), 0700) == 0)
    dir.state_->made_directory = true;
  else if (errno != EEXIST)
    return dir_error("create image directory", path, errno);
  dir.state_->fd.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.state_->fd) return dir_error("open image directory", path, errno);
  return dir;
}

Result<ImageWriterDir> ImageWriterDir::open_at(int fd) {
  ImageWriterDir dir;
  dir.state_->path = format("descriptor {}", fd);
  dir.state_->fd.reset(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.state_->fd) return dir_error("open image directory", dir.state_->path, errno);
  return dir;
}

int ImageWriterDir::fd() const { return state_->fd.get(); }
const std::string& ImageWriterDir::path() const { return state_->path; }
void ImageWriterDir::require(std::uint64_t features) { state_->features |= features; }

Result<> ImageWriterDir::start() {
  State& s = *state_;
  if (s.started) return {};
  if (!s.fd) return dir_error("create images in", "a directory that was never opened", 0, "this is a bug");
  s.started = true;
  if (s.made_directory) return {};
  // The old set stops being one before any of its files changes, also for someone who reads after a power failure.
  if (::unlinkat(s.fd.get(), kInventoryName, 0) == 0) {
    if (::fsync(s.fd.get()) != 0) return dir_error("fsync", s.path, errno);
  } else if (errno != ENOENT) {
    return dir_error("remove the old inventory.img in", s.path, errno);
  }
  const int list_fd = ::openat(s.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* list = list_fd < 0 ? nullptr : ::fdopendir(list_fd);
  if (!list) return dir_error("list", s.path, errno);
  std::vector<std::string> stale;
  while (const dirent* entry = ::readdir(list))
    if (is_stale(entry->d_name)) stale.emplace_back(entry->d_name);
  ::closedir(list);
  for (const std::string& name : stale)
    if (::unlinkat(s.fd.get(), name.c_str(), 0) != 0 && errno != ENOENT)
      return dir_error("remove an earlier dump's", s.path + "/" + name, errno);
  return {};
}

Result<> ImageWriterDir::State::reserve(const std::string& name) {
  if (!names.insert(name).second) return dir_error("create", name, EEXIST, "it was created before; this is a bug");
  // What start() left: cpuinfo.img.
  if (!made_directory) ::unlinkat(fd.get(), name.c_str(), 0);
  return {};
}

Result<ImageWriter> ImageWriterDir::create(ImageType type, std::uint64_t id) {
  State& s = *state_;
  TRY(start());
  const std::string name = image_name(type, id);
  TRY(s.reserve(name));
  const bool inventory = type == ImageType::kInventory;
  const std::string file_name = inventory ? kInventoryTemporary : name;
  ImageWriter writer = TRY(ImageWriter::create(s.fd.get(), type, id, file_name));
  s.has_inventory |= inventory;
  s.made.push_back(file_name);
  s.images.push_back(writer.sum());
  return writer;
}

Result<RawImage> ImageWriterDir::create_raw(ImageType type, std::uint64_t id, int flags) {
  State& s = *state_;
  TRY(start());
  const std::string name = image_name(type, id);
  TRY(s.reserve(name));
  UniqueFd fd(::openat(s.fd.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | flags, 0600));
  if (!fd) return dir_error("create", name, errno);
  s.made.push_back(name);
  auto state = std::make_shared<RawImageState>();
  state->name = name;
  s.raw_images.push_back(state);
  return RawImage(std::move(fd), std::move(state));
}

Result<> ImageWriterDir::set_parent(const std::string& path) {
  TRY(start());
  if (::symlinkat(path.c_str(), state_->fd.get(), kParentName) != 0)
    return dir_error("link the parent set", path, errno);
  state_->made.emplace_back(kParentName);
  return {};
}

Result<> ImageWriterDir::State::check_finished() const {
  for (const auto& image : images)
    if (!image->finished) return dir_error("commit", image->name, 0, "it was not written to its end; this is a bug");
  for (const auto& raw : raw_images)
    if (!raw->finished) return dir_error("commit", raw->name, 0, "it was not written to its end; this is a bug");
  if (!has_inventory) return dir_error("commit", path, 0, "no inventory was written; this is a bug");
  return {};
}

Result<Manifest> ImageWriterDir::State::manifest() const {
  Manifest m{.features = features};
  for (const auto& image : images) {
    const bool inventory = image->name == kInventoryTemporary;
    m.images.push_back({inventory ? kInventoryName : image->name, image->length, image->crc});
  }
  for (const auto& raw : raw_images) {
    auto crc = raw->ranges.whole(raw->length);
    if (!crc) {
      const UniqueFd file(::openat(fd.get(), raw->name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!file) return dir_error("open", raw->name, errno);
      crc = TRY(checksum_file(file.get(), raw->length, checksum_threads(), raw->name));
    }
    m.images.push_back({raw->name, raw->length, *crc});
  }
  std::sort(m.images.begin(), m.images.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return m;
}

Result<> ImageWriterDir::commit() {
  State& s = *state_;
  TRY(s.check_finished());
  const Manifest manifest = TRY(s.manifest());
  const std::string text = manifest.to_text();
  ImageWriter list = TRY(ImageWriter::create(s.fd.get(), ImageType::kPages, 0, kManifestName));  // raw framing
  s.made.emplace_back(kManifestName);
  TRY(list.write_raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
  TRY(list.close());

  const bool durable = !lies_in_memory(s.fd.get());
  if (durable) {
    std::vector<std::string> files = s.made;
    std::erase(files, kParentName);
    std::uint64_t bytes = text.size();
    for (const ManifestEntry& entry : manifest.images) bytes += entry.length;
    TRY(sync_files(s.fd.get(), files, bytes));
  }
  if (::renameat(s.fd.get(), kInventoryTemporary, s.fd.get(), kInventoryName) != 0)
    return dir_error("rename inventory.img in", s.path, errno);
  if (durable && ::fsync(s.fd.get()) != 0) return dir_error("fsync", s.path, errno);
  s.committed = true;
  return {};
}

}  // namespace cr::core
