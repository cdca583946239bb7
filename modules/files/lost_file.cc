#include "files/lost_file.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"
#include "files/inode_flags.h"

namespace cr::files {
namespace {

/// Directories made for a moment; removed in reverse order.
class MadeDirectories {
 public:
  MadeDirectories() = default;
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;
  ~MadeDirectories() {
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) rmdir(it->c_str());
  }
  /// Makes what is missing above the last component of `path`. Errors: mkdir(2).
  Result<> make_parents(const std::string& path) {
    for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      const std::string dir = path.substr(0, at);
      if (mkdir(dir.c_str(), 0700) == 0)
        made_.push_back(dir);
      else if (errno != EEXIST)
        return fail("make the directory", dir, errno, "the deleted files of the tree have to be made again there");
    }
    return {};
  }

 private:
  std::vector<std::string> made_{};
};

/// Makes the inode under `path`. Returns 0 or errno.
int make_inode(const Ghost& g, const std::string& path) {
  const mode_t type = g.mode & S_IFMT;
  int result;
  if (type == S_IFDIR)
    result = mkdir(path.c_str(), 0700);
  else if (type == S_IFLNK)
    result = symlink(g.target.c_str(), path.c_str());
  else
    result = mknod(path.c_str(), type | 0600, user_dev(g.rdev));
  return result == 0 ? 0 : errno;
}

std::string spare_name(const std::string& wanted, unsigned n) {
  const std::size_t slash = wanted.rfind('/');
  return format("{}/.{}.cr.{}.{}", wanted.substr(0, slash), wanted.substr(slash + 1, 200), getpid(), n);
}

Result<UniqueFd> open_path_of(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail("open", path, errno);
  return fd;
}

Result<UniqueFd> fill_and_open(const core::ImageReaderDir& images, std::uint32_t id, const Ghost& g,
                               const std::string& path) {
  if (S_ISREG(g.mode)) {
    UniqueFd content(open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!content) return fail("open", path, errno);
    TRY(fill_ghost(images, id, content.get()));
  }
  TRY(set_ghost_attributes(g, path));
  return open_path_of(path);
}

}  // namespace

Result<UniqueFd> make_ghost_again(const core::ImageReaderDir& images, std::uint32_t id, const Ghost& g,
                                  const std::string& wanted) {
  MadeDirectories directories;
  TRY(directories.make_parents(wanted));
  std::string path = wanted;
  int err = make_inode(g, path);
  for (unsigned n = 0; err == EEXIST && n < 1000; ++n) {
    path = spare_name(wanted, n);
    err = make_inode(g, path);
  }
  if (err != 0)
    return fail("make deleted file", format("{} ({})", wanted, g.object), err, "its directory must be writable");
  auto opened = fill_and_open(images, id, g, path);
  const int removed = S_ISDIR(g.mode) ? rmdir(path.c_str()) : unlink(path.c_str());
  if (!opened.ok()) return opened;
  if (removed != 0) return fail("remove again", path, errno);
  if (S_ISREG(g.mode) || S_ISDIR(g.mode)) TRY(set_inode_flags(opened.value().get(), g.flags, g.object));
  return opened;
}

Result<UniqueFd> make_tmpfile_again(const core::ImageReaderDir& images, std::uint32_t id, const Ghost& g,
                                    const std::string& wanted, std::uint32_t flags) {
  const std::string dir = wanted.substr(0, std::max<std::size_t>(wanted.rfind('/'), 1));
  UniqueFd fd(open(dir.c_str(), static_cast<int>(open_flags(flags)) | O_TMPFILE | O_CLOEXEC, 0600));
  if (!fd) return fd;
  TRY(fill_ghost(images, id, fd.get()));
  TRY(set_ghost_attributes(g, fd.get()));
  TRY(set_inode_flags(fd.get(), g.flags, g.object));
  return fd;
}

Result<UniqueFd> open_under_lost_name(const std::string& link_name, const std::string& wanted) {
  MadeDirectories directories;
  if (!directories.make_parents(wanted).ok() || link(link_name.c_str(), wanted.c_str()) != 0)
    return open_path_of(link_name);
  auto opened = open_path_of(wanted);
  if (unlink(wanted.c_str()) != 0) return fail("remove again", wanted, errno);
  return opened;
}

}  // namespace cr::files
