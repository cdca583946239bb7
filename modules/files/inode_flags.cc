#include "files/inode_flags.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "files/description.h"

namespace cr::files {
namespace {

constexpr unsigned kKept = FS_SYNC_FL | FS_DIRSYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL;
constexpr unsigned kForbidding = FS_APPEND_FL | FS_IMMUTABLE_FL;

/// A descriptor of the same inode that ioctl(2) takes; `own` keeps it.
Result<int> usable(int fd, UniqueFd& own, const std::string& object) {
  if ((fcntl(fd, F_GETFL) & O_PATH) == 0) return fd;
  own = TRY(reopen(fd, O_RDONLY | O_NONBLOCK | O_NOATIME, object));
  return own.get();
}

}  // namespace

Result<std::uint32_t> read_inode_flags(int fd, const std::string& object) {
  UniqueFd own;
  unsigned flags = 0;
  // An int, whatever the name of the call says.
  if (ioctl(TRY(usable(fd, own, object)), FS_IOC_GETFLAGS, &flags) != 0) return 0u;
  if (flags & kForbidding)
    return fail("dump deleted file", object, 0,
                "it is append-only or immutable (chattr +a, +i), so that it could not be made again: take that off");
  return flags & kKept;
}

Result<> set_inode_flags(int fd, std::uint32_t flags, const std::string& object) {
  UniqueFd own;
  const int usable_fd = TRY(usable(fd, own, object));
  unsigned now = 0;
  const bool known = ioctl(usable_fd, FS_IOC_GETFLAGS, &now) == 0;
  if ((now & kKept) == flags) return {};
  now = (now & ~kKept) | flags;
  if (!known || ioctl(usable_fd, FS_IOC_SETFLAGS, &now) != 0)
    return fail("set the flags (chattr) of deleted file", object, errno, "restore it on the same file system");
  return {};
}

}  // namespace cr::files
