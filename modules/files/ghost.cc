#include "files/ghost.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"
#include "files/inode_flags.h"

namespace cr::files {

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
  if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) g.flags = TRY(read_inode_flags(path_fd, object));
  if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
    g.xattrs = TRY(read_xattrs(format("/proc/self/fd/{}", path_fd), object));
  g.source.reset(fcntl(path_fd, F_DUPFD_CLOEXEC, 0));
  if (!g.source) return fail("keep a descriptor of", object, errno, "raise the limit of open files of the engine");
  return g;
}

Result<> set_ghost_attributes(const Ghost& g, const std::string& path) {
  if (fchownat(AT_FDCWD, path.c_str(), g.uid, g.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return fail("set the owner of", path, errno);
  if (!S_ISLNK(g.mode) && chmod(path.c_str(), g.mode & 07777) != 0) return fail("set the mode of", path, errno);
  if (!S_ISLNK(g.mode)) TRY(write_xattrs(g.xattrs, path, path));
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
  TRY(write_xattrs(g.xattrs, format("/proc/self/fd/{}", fd), g.object));
  if (g.atime && g.mtime) {
    const timespec times[2] = {*g.atime, *g.mtime};
    if (futimens(fd, times) != 0) return fail("set the times of", g.object, errno);
  }
  return {};
}

}  // namespace cr::files
