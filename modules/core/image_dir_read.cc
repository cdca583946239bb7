#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>

#include "base/format.h"
#include "core/dir_error.h"
#include "core/file_checksum.h"
#include "core/image_dir.h"
#include "core/opener.h"

namespace cr::core {
namespace {

constexpr std::uint64_t kManifestLimit = 256 << 20;  // bytes; some two million images
constexpr std::size_t kOpenAtOnce = 128;             // descriptors, far from RLIMIT_NOFILE

Error differs(const std::string& name, std::string how) {
  return dir_error("accept", name, 0,
                   how + "; if it was changed on purpose, remove " + kManifestName + " to restore it unchecked");
}

Result<UniqueFd> open_regular(int dirfd, const std::string& name, int flags, struct stat& st, int opener = -1) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
  UniqueFd fd = open_as_engine(opener, dirfd, name.c_str(), how);
  if (!fd) return dir_error("open", name, errno);
  if (::fstat(fd.get(), &st) != 0) return dir_error("stat", name, errno);
  if (!S_ISREG(st.st_mode)) return dir_error("open", name, 0, "it is not a regular file");
  return fd;
}

}  // namespace

struct ImageReaderDir::State {
  UniqueFd fd;
  int opener = -1;
  std::string path;
  bool has_manifest = false;
  Manifest manifest;
  std::unordered_map<std::string, std::size_t> index;  // name to place in the manifest
};

ImageReaderDir::ImageReaderDir() : state_(std::make_unique<State>()) {}
ImageReaderDir::ImageReaderDir(ImageReaderDir&&) noexcept = default;
ImageReaderDir& ImageReaderDir::operator=(ImageReaderDir&&) noexcept = default;
ImageReaderDir::~ImageReaderDir() = default;

void ImageReaderDir::use(int opener) const { state_->opener = opener; }
int ImageReaderDir::fd() const { return state_->fd.get(); }
Result<> ImageReaderDir::keep_above(int number) const {
  if (fd() >= number) return {};
  const int moved = ::fcntl(fd(), F_DUPFD_CLOEXEC, number);
  if (moved < 0) return Error{"image", "move the descriptor of", path(), errno, "raise the limit of open files"};
  state_->fd.reset(moved);
  return {};
}
const std::string& ImageReaderDir::path() const { return state_->path; }
bool ImageReaderDir::has_manifest() const { return state_->has_manifest; }

Result<ImageReaderDir> ImageReaderDir::open(const std::string& path, Need need) {
  ImageReaderDir dir;
  dir.state_->path = path;
  dir.state_->fd.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.state_->fd) return dir_error("open image directory", path, errno);
  TRY(dir.load(need));
  return dir;
}

Result<ImageReaderDir> ImageReaderDir::open_at(int fd, Need need) {
  ImageReaderDir dir;
  dir.state_->path = format("descriptor {}", fd);
  dir.state_->fd.reset(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.state_->fd) return dir_error("open image directory", dir.state_->path, errno);
  TRY(dir.load(need));
  return dir;
}

Result<> ImageReaderDir::load(Need need) {
  State& s = *state_;
  struct stat st;
  if (need == Need::kInventory && ::fstatat(s.fd.get(), "inventory.img", &st, 0) != 0)
    return dir_error("open image set", s.path, errno,
                     "not a complete image set: without inventory.img it is no image directory, or its dump failed");
  auto file = open_regular(s.fd.get(), kManifestName, 0, st);
  if (!file.ok() && file.error().err == ENOENT) return {};
  if (!file.ok()) return file.take_error();
  if (static_cast<std::uint64_t>(st.st_size) > kManifestLimit) return dir_error("read", kManifestName, EFBIG);
  ImageReader reader = ImageReader::wrap(file.take(), kManifestName, static_cast<std::uint64_t>(st.st_size));
  const auto bytes = TRY(reader.read_raw(reader.remaining()));
  s.manifest = TRY(parse_manifest({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  s.has_manifest = true;
  for (std::size_t i = 0; i < s.manifest.images.size(); ++i) s.index[s.manifest.images[i].name] = i;
  for (const ManifestEntry& entry : s.manifest.images) {
    if (parse_image_name(entry.name)->type != ImageType::kPages) {
      const ManifestEntry* one = &entry;
      TRY(verify_content({&one, 1}, 0));
      continue;
    }
    if (::fstatat(s.fd.get(), entry.name.c_str(), &st, 0) != 0) return dir_error("stat", entry.name, errno);
    if (static_cast<std::uint64_t>(st.st_size) != entry.length)
      return differs(entry.name, format("it is {} bytes long, the dump wrote {}", st.st_size, entry.length));
  }
  return {};
}

Result<> ImageReaderDir::verify_content(std::span<const ManifestEntry* const> entries, unsigned threads) const {
  std::vector<UniqueFd> open;
  std::vector<FileToSum> files;
  for (const ManifestEntry* entry : entries) {
    struct stat st;
    open.push_back(TRY(open_regular(state_->fd.get(), entry->name, 0, st)));
    if (static_cast<std::uint64_t>(st.st_size) != entry->length)
      return differs(entry->name, format("it is {} bytes long, the dump wrote {}", st.st_size, entry->length));
    files.push_back({open.back().get(), entry->length, entry->name});
  }
  const std::vector<std::uint32_t> sums = TRY(checksum_files(files, threads ? threads : checksum_threads()));
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (sums[i] != entries[i]->crc)
      return differs(entries[i]->name,
                     format("its checksum is {:08x}, the dump wrote {:08x}", sums[i], entries[i]->crc));
  return {};
}

Result<ImageReader> ImageReaderDir::image(ImageType type, std::uint64_t id) const {
  return ImageReader::open(state_->fd.get(), type, id, state_->opener);
}

Result<std::optional<ImageReader>> ImageReaderDir::optional_image(ImageType type, std::uint64_t id) const {
  return ImageReader::open_optional(state_->fd.get(), type, id, state_->opener);
}

Result<UniqueFd> ImageReaderDir::raw(ImageType type, std::uint64_t id, int flags) const {
  struct stat st;
  return open_regular(state_->fd.get(), image_name(type, id), flags, st, state_->opener);
}

Result<std::vector<std::uint64_t>> ImageReaderDir::ids(ImageType type) const {
  const int list_fd = ::openat(state_->fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* list = list_fd < 0 ? nullptr : ::fdopendir(list_fd);
  if (!list) return dir_error("list", state_->path, errno);
  std::vector<std::uint64_t> found;
  while (const dirent* entry = ::readdir(list)) {
    const auto name = parse_image_name(entry->d_name);
    if (name && name->type == type) found.push_back(name->id);
  }
  ::closedir(list);
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::optional<ImageReaderDir>> ImageReaderDir::parent() const {
  const UniqueFd fd(::openat(state_->fd.get(), "parent", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    struct stat st;
    if (::fstatat(state_->fd.get(), "parent", &st, AT_SYMLINK_NOFOLLOW) != 0) return std::optional<ImageReaderDir>();
    return dir_error("open the parent of", state_->path, ENOENT, "its symlink leads nowhere; move the sets together");
  }
  if (!fd) return dir_error("open the parent of", state_->path, errno);
  ImageReaderDir dir = TRY(open_at(fd.get(), Need::kNothing));
  dir.state_->path = state_->path + "/parent";
  return std::optional<ImageReaderDir>(std::move(dir));
}

const ManifestEntry* ImageReaderDir::expected(const std::string& name) const {
  const auto it = state_->index.find(name);
  return it == state_->index.end() ? nullptr : &state_->manifest.images[it->second];
}

Result<> ImageReaderDir::verify_pages(unsigned threads) const {
  std::vector<const ManifestEntry*> pages;
  for (const ManifestEntry& entry : state_->manifest.images)
    if (parse_image_name(entry.name)->type == ImageType::kPages) pages.push_back(&entry);
  const std::span<const ManifestEntry* const> all(pages);
  for (std::size_t at = 0; at < all.size(); at += kOpenAtOnce)
    TRY(verify_content(all.subspan(at, std::min(kOpenAtOnce, all.size() - at)), threads));
  return {};
}

}  // namespace cr::core
