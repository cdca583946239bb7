#include "files/ghost.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "base/format.h"
#include "files/description.h"

namespace cr::files {
namespace {

/// Those that make a difference to programs; the label of a security module is given anew by that module.
bool is_kept(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("trusted.") || name.starts_with("system.posix_acl_") ||
         name == "security.capability";
}

/// By the path of our own descriptor, which is O_PATH and has no attributes by itself.
Result<> read_xattrs(const std::string& path, Ghost& g) {
  char names[65536], value[65536];  // XATTR_LIST_MAX, XATTR_SIZE_MAX
  const ssize_t size = listxattr(path.c_str(), names, sizeof names);
  if (size < 0 && errno == EOPNOTSUPP) return {};
  if (size < 0) return fail("list the attributes of deleted file", g.object, errno);
  for (const char* name = names; name < names + size; name += strlen(name) + 1) {
    if (!is_kept(name)) continue;
    const ssize_t n = getxattr(path.c_str(), name, value, sizeof value);
    if (n < 0) return fail(format("read attribute {} of deleted file", name), g.object, errno);
    g.xattrs.emplace_back(name, std::string(value, static_cast<std::size_t>(n)));
  }
  return {};
}

Result<> write_xattrs(const Ghost& g, const std::string& path) {
  for (const auto& [name, value] : g.xattrs)
    if (setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) != 0)
      return fail(format("set attribute {} of deleted file", name), g.object, errno);
  return {};
}

}  // namespace

Result<Ghost> make_ghost(int path_fd, const struct stat& st, const core::TreeIds& ids, const std::string& object,
                         std::uint64_t limit) {
  const auto allocated = static_cast<std::uint64_t>(st.st_blocks) * 512;
  if (S_ISREG(st.st_mode) && allocated > limit)
    return fail("dump deleted file", object, 0,
                format("its content takes {} bytes, more than is allowed: raise --ghost-limit", allocated));
  TRY(ids.check_owner(st.st_uid, st.st_gid, object));
  Ghost g;
  g.uid = ids.uid(st.st_uid);
  g.gid = ids.gid(st.st_gid);
  g.mode = st.st_mode;
  g.dev = kernel_dev(st.st_dev);
  g.ino = st.st_ino;
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) g.rdev = kernel_dev(st.st_rdev);
  g.atime = st.st_atim;
  g.mtime = st.st_mtim;
  g.object = object;
  if (S_ISREG(st.st_mode) && allocated < static_cast<std::uint64_t>(st.st_size)) {
    g.chunks = true;
    g.size = static_cast<std::uint64_t>(st.st_size);
  }
  if (S_ISLNK(st.st_mode)) {
    char target[4096];
    const ssize_t n = readlinkat(path_fd, "", target, sizeof target);
    if (n < 0) return fail("read the target of deleted link", object, errno);
    g.target.assign(target, static_cast<std::size_t>(n));
  }
  if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) TRY(read_xattrs(format("/proc/self/fd/{}", path_fd), g));
  g.source.reset(fcntl(path_fd, F_DUPFD_CLOEXEC, 0));
  if (!g.source) return fail("keep a descriptor of", object, errno, "raise the limit of open files of the engine");
  return g;
}

Result<> set_ghost_attributes(const Ghost& g, const std::string& path) {
  if (fchownat(AT_FDCWD, path.c_str(), g.uid, g.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail("set the owner of", path, errno);
  if (!S_ISLNK(g.mode) && chmod(path.c_str(), g.mode & 07777) != 0) return fail("set the mode of", path, errno);
  if (!S_ISLNK(g.mode)) TRY(write_xattrs(g, path));
  if (g.atime && g.mtime) {
    const timespec times[2] = {*g.atime, *g.mtime};
    if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
      return fail("set the times of", path, errno);
  }
  return {};
}

Result<> set_ghost_attributes(const Ghost& g, int fd) {
  if (fchown(fd, g.uid, g.gid) != 0) return fail("set the owner of", g.object, errno);
  if (fchmod(fd, g.mode & 07777) != 0) return fail("set the mode of", g.object, errno);
  TRY(write_xattrs(g, format("/proc/self/fd/{}", fd)));
  if (g.atime && g.mtime) {
    const timespec times[2] = {*g.atime, *g.mtime};
    if (futimens(fd, times) != 0) return fail("set the times of", g.object, errno);
  }
  return {};
}

}  // namespace cr::files
