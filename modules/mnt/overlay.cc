#include "mnt/overlay.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/format.h"
#include "mnt/fs_types.h"

namespace cr::mnt {
namespace {

constexpr std::array<std::string_view, 5> kPathOptions{"lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir"};

/// Colons stand between lower directories; one in a name has a backslash before it.
void add_paths(std::string_view value, std::vector<std::string>& paths) {
  std::string path;
  for (std::size_t i = 0; i <= value.size(); ++i) {
    if (i == value.size() || value[i] == ':') {
      if (!path.empty()) paths.push_back(std::move(path));
      path.clear();
    } else {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      path += value[i];
    }
  }
}

/// The root directory of the process is another one while it lives.
class OtherRoot {
 public:
  explicit OtherRoot(int root) : old_(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    entered_ = old_ && fchdir(root) == 0 && chroot(".") == 0;
  }
  OtherRoot(const OtherRoot&) = delete;
  OtherRoot& operator=(const OtherRoot&) = delete;
  ~OtherRoot() {
    if (entered_ && (fchdir(old_.get()) != 0 || chroot(".") != 0)) _exit(1);
  }
  bool entered() const { return entered_; }

 private:
  UniqueFd old_;
  bool entered_ = false;
};

}  // namespace

std::vector<std::string> layers_of(const Mount& overlay) {
  std::vector<std::string> paths;
  std::string_view left = overlay.options;
  while (!left.empty()) {
    const std::size_t comma = std::min(left.find(','), left.size());
    const std::string_view option = left.substr(0, comma);
    const std::size_t equals = std::min(option.find('='), option.size());
    if (std::find(kPathOptions.begin(), kPathOptions.end(), option.substr(0, equals)) != kPathOptions.end())
      add_paths(option.substr(std::min(equals + 1, option.size())), paths);
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  return paths;
}

Result<> check_layers(const Mount& overlay, HostPid member) {
  const std::string remedy = format(
      "leave it to the outside by --external 'mnt[{}]:KEY' on the dump and 'mnt[KEY]:PATH' on the restore, or leave "
      "it "
      "out by --skip-mnt {}",
      overlay.point, overlay.point);
  auto refuse = [&](std::string why) { return Error{"mnt", "carry", overlay.name(), 0, why + ": " + remedy}; };
  if (overlay.is_root()) return refuse("it is the root, whose directories are looked up in itself");
  const std::string root_path = format("/proc/{}/root", member);
  const UniqueFd root(open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Error{"mnt", "open", root_path, errno, ""};
  for (const std::string& path : layers_of(overlay)) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    const UniqueFd layer(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
    if (path[0] != '/' || !layer) return refuse(format("the namespace shows no directory {} for it", path));
  }
  return {};
}

Result<> mount_overlay(const Mount& overlay, int root, int place) {
  const std::string options = options_for_mount(overlay);
  const OtherRoot other(root);
  if (!other.entered() || fchdir(place) != 0)
    return Error{"mnt", "enter", "the new root of the mount namespace", errno, ""};
  // fsconfig(2) takes no more than 255 bytes of an option.
  if (mount(overlay.source.c_str(), ".", overlay.fs_name.c_str(), overlay.sb_flags & MS_RDONLY, options.c_str()) != 0)
    return Error{"mnt", "mount", overlay.name(), errno, format("with the options {}", options)};
  return {};
}

}  // namespace cr::mnt
