#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <memory>

#include "base/format.h"
#include "base/unique_fd.h"
#include "mnt/content.h"

namespace cr::mnt {
namespace {

struct FreeReader {
  void operator()(archive* a) const { archive_read_free(a); }
};

UniqueFd open_below(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

class Unpacker {
 public:
  Unpacker(int root, const std::string& object) : root_(root), object_(object), archive_(archive_read_new()) {}

  Result<> run(int in) {
    archive_read_support_format_tar(archive_.get());
    archive_read_support_filter_gzip(archive_.get());
    if (archive_read_open_fd(archive_.get(), in, 1 << 16) != ARCHIVE_OK) return broken("open", "it");
    archive_entry* e = nullptr;
    int r;
    while ((r = archive_read_next_header(archive_.get(), &e)) == ARCHIVE_OK || r == ARCHIVE_WARN) TRY(make(e));
    if (r != ARCHIVE_EOF) return broken("read", "it");
    // What was made in a directory has changed its times.
    for (auto d = directories_.rbegin(); d != directories_.rend(); ++d) TRY(set_times(*d));
    return {};
  }

 private:
  struct Place {
    std::string path;       ///< as in the archive
    std::string directory;  ///< "." or relative to the root
    std::string name;       ///< "." for the root itself
    timespec times[2];
  };

  Error failed(const char* step, const std::string& path) const {
    return Error{"mnt", step, format("{} of {}", path, object_), errno, ""};
  }
  Error broken(const char* step, const std::string& path) const {
    const char* why = archive_error_string(archive_.get());
    return Error{"mnt", step, format("{} in the archive of {}", path, object_), archive_errno(archive_.get()),
                 why ? why : "the image is damaged"};
  }

  Result<Place> place_of(archive_entry* e) const {
    const char* text = archive_entry_pathname(e);
    if (text == nullptr) return broken("read", "a name");
    Place p{text, ".", ".", {}};
    std::string path = p.path;
    while (path.starts_with("./")) path.erase(0, 2);
    while (path.ends_with("/")) path.pop_back();
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos) p.directory = path.substr(0, slash);
    p.name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (p.name.empty()) p.name.assign(1, '.');
    if (p.name == ".." || p.directory.starts_with("/")) return broken("use", p.path);
    p.times[1] = {archive_entry_mtime(e), archive_entry_mtime_nsec(e)};
    p.times[0] =
        archive_entry_atime_is_set(e) ? timespec{archive_entry_atime(e), archive_entry_atime_nsec(e)} : p.times[1];
    return p;
  }

  /// The working directory becomes that of the entry: links and attributes have only path calls.
  Result<> enter(const Place& p) const {
    UniqueFd fd = open_below(root_, p.directory);
    if (!fd || fchdir(fd.get()) != 0) return failed("enter the directory of", p.path);
    return {};
  }

  Result<> make(archive_entry* e) {
    const Place p = TRY(place_of(e));
    TRY(enter(p));
    if (const char* target = archive_entry_hardlink(e)) return make_link(p, target);
    const mode_t mode = archive_entry_mode(e);
    switch (mode & S_IFMT) {
      case S_IFDIR:
        if (p.name != "." && mkdir(p.name.c_str(), 0700) != 0 && errno != EEXIST) return failed("make", p.path);
        directories_.push_back(p);
        break;
      case S_IFREG:
        TRY(make_file(p, e));
        break;
      case S_IFLNK:
        if (symlink(archive_entry_symlink(e), p.name.c_str()) != 0) return failed("make", p.path);
        break;
      default:
        if (mknod(p.name.c_str(), (mode & S_IFMT) | 0600, archive_entry_rdev(e)) != 0) return failed("make", p.path);
    }
    return set_attributes(p, e);
  }

  Result<> make_link(const Place& p, std::string target) {
    while (target.starts_with("./")) target.erase(0, 2);
    const std::size_t slash = target.rfind('/');
    UniqueFd directory = open_below(root_, slash == std::string::npos ? "." : target.substr(0, slash));
    const std::string name = slash == std::string::npos ? target : target.substr(slash + 1);
    if (!directory || linkat(directory.get(), name.c_str(), AT_FDCWD, p.name.c_str(), 0) != 0)
      return failed("make the link", p.path);
    return {};
  }

  static bool is_socket(archive_entry* e) {
    const char* name;
    const void* value;
    std::size_t size;
    archive_entry_xattr_reset(e);
    while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
      if (std::string_view(name) == kSocketMark) return true;
    return false;
  }

  Result<> make_file(const Place& p, archive_entry* e) {
    if (is_socket(e)) return mknod(p.name.c_str(), S_IFSOCK | 0600, 0) == 0 ? Result<>{} : failed("make", p.path);
    UniqueFd fd(open(p.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return failed("make", p.path);
    const void* data;
    std::size_t size;
    la_int64_t at;
    int r;
    while ((r = archive_read_data_block(archive_.get(), &data, &size, &at)) == ARCHIVE_OK) {
      const char* from = static_cast<const char*>(data);
      while (size > 0) {
        const ssize_t n = pwrite(fd.get(), from, size, at);
        if (n < 0) return failed("fill", p.path);
        from += n, at += n, size -= static_cast<std::size_t>(n);
      }
    }
    if (r != ARCHIVE_EOF) return broken("read", p.path);
    if (ftruncate(fd.get(), archive_entry_size(e)) != 0) return failed("set the size of", p.path);
    return {};
  }

  Result<> set_attributes(const Place& p, archive_entry* e) {
    const char* file = p.name.c_str();
    const mode_t mode = archive_entry_mode(e);
    if (lchown(file, static_cast<uid_t>(archive_entry_uid(e)), static_cast<gid_t>(archive_entry_gid(e))) != 0)
      return failed("set the owner of", p.path);
    if (!S_ISLNK(mode) && chmod(file, mode & 07777) != 0) return failed("set the mode of", p.path);
    const char* name;
    const void* value;
    std::size_t size;
    archive_entry_xattr_reset(e);
    while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
      if (std::string_view(name) != kSocketMark && lsetxattr(file, name, value, size, 0) != 0)
        return failed("set the attributes of", p.path);
    return utimensat(AT_FDCWD, file, p.times, AT_SYMLINK_NOFOLLOW) == 0 ? Result<>{}
                                                                        : failed("set the times of", p.path);
  }

  Result<> set_times(const Place& p) const {
    TRY(enter(p));
    if (utimensat(AT_FDCWD, p.name.c_str(), p.times, AT_SYMLINK_NOFOLLOW) != 0)
      return failed("set the times of", p.path);
    return {};
  }

  int root_;
  const std::string& object_;
  std::unique_ptr<archive, FreeReader> archive_;
  std::vector<Place> directories_{};
};

}  // namespace

Result<> unpack(int in, int root, const std::string& object) { return Unpacker(root, object).run(in); }

}  // namespace cr::mnt
