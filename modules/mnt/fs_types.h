// The file systems that a mount namespace is carried with, and how each comes back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "mnt/mountinfo.h"

namespace cr::mnt {

enum class Carried : std::uint8_t {
  kAnew,  ///< mounted again by its options: what it shows is the kernel's (proc, sysfs) or the namespace's (mqueue)
  kContent,   ///< mounted again and filled from tmpfs-dev-N.tar.gz.img
  kOnPaths,   ///< mounted again by its options when the paths in these are there (overlay.h)
  kByDaemon,  ///< mounted again with the daemon of the tree (automount.h)
  kServed,    ///< only as the root or as an external mount: a program answers for it
};

struct FsType {
  std::string_view name;
  std::uint32_t code;  ///< pb::fstype
  Carried how;
  bool takes_options;             ///< what mountinfo shows is what mounting takes
  std::string_view without = {};  ///< options that mountinfo shows and mounting does not take, separated by commas
};

/// The row of the table, or nullptr.
const FsType* fs_type(std::string_view name);
const FsType* fs_type_of_code(std::uint32_t code);

/// pb::fstype of those that are not in the table: --enable-fs, --external dev; and of a root of any other kind.
inline constexpr std::uint32_t kCodeUnsupported = 0, kCodeAuto = 16;

/// Whether root of a user namespace may mount such a file system anew (FS_USERNS_MOUNT in the kernel).
bool is_for_user_namespaces(std::string_view name);

/// Makes a superblock, not attached to any place yet. `source` and `options` as of the mount. One that others may
/// have too (proc, cgroup) never gets flags, which would be changed for them; one with content gets them later.
/// Errors: fsopen(2), fsconfig(2) (an option is refused, by name), fsmount(2).
Result<UniqueFd> make_file_system(const Mount& mount);
/// The options of mount(2): those that mountinfo shows, without what mounting does not take.
std::string options_for_mount(const Mount& mount);
/// A tmpfs, now that it is filled, becomes read-only if it was. Errors: fspick(2), fsconfig(2).
Result<> set_super_flags(int mount_fd, const Mount& mount);

}  // namespace cr::mnt
