// Making the mounts of a namespace: each by itself in a yard, then all in their places.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/format.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"
#include "mnt/overlay.h"

namespace cr::mnt {
namespace {

constexpr std::uint64_t kAttrNosymfollow = 0x00200000;  // MOUNT_ATTR_NOSYMFOLLOW, 5.14
constexpr std::uint64_t kAttrAtime = 0x70;              // MOUNT_ATTR__ATIME
constexpr std::uint32_t kNosymfollow = 256;             // MS_NOSYMFOLLOW, 5.10

/// `path` ("" or "/...") below the root of a mount, on that mount itself. In autofs the kernel takes every directory
/// for the border of a mount.
Result<UniqueFd> open_on(int mount, std::string_view path, const Mount& m, const char* step, bool in_autofs = false) {
  const std::string relative = path.empty() ? "." : std::string(path.substr(1));
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | (in_autofs ? 0u : RESOLVE_NO_XDEV);
  if (relative == ".") {
    UniqueFd same(fcntl(mount, F_DUPFD_CLOEXEC, 0));
    if (same) return same;
  }
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, mount, relative.c_str(), &how, sizeof how)));
  if (!fd) return Error{"mnt", step, m.name(), errno, format("{} must be there", path)};
  return fd;
}

Result<> attach(int mount, int place, const Mount& m, const char* step) {
  if (move_mount(mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return Error{"mnt", step, m.name(), errno, ""};
  return {};
}

/// A mount of its own of what `shown` leads to, private and not in any place.
Result<UniqueFd> copy_part(int shown, const Mount& m) {
  UniqueFd copy(open_tree(shown, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!copy) return Error{"mnt", "bind", m.name(), errno, ""};
  mount_attr alone{};
  alone.propagation = MS_PRIVATE;
  if (mount_setattr(copy.get(), "", AT_EMPTY_PATH, &alone, sizeof alone) != 0)
    return Error{"mnt", "make private", m.name(), errno, ""};
  return copy;
}

/// The node of a terminal, which appears in a devpts only when the terminal has been made.
bool is_late_node(const Namespace& ns, std::size_t i) {
  const Origin& o = ns.origins[i];
  return o.kind == Origin::Kind::kBind && ns.mounts[o.of].fs_name == "devpts" &&
         ns.origins[o.of].kind == Origin::Kind::kNew && is_terminal(ns.mounts[i]);
}

/// Made by somebody else, when this is done.
bool is_late(const Namespace& ns, std::size_t i) { return is_late_node(ns, i) || ns.mounts[i].pid_ns != 0; }

class Yard {
 public:
  Yard(Namespace& ns, const core::ImageReaderDir& images) : ns_(ns), images_(images), fds_(ns.mounts.size()) {}

  /// On the root of the namespace, which is reached through it no more.
  Result<> open() {
    const Mount yard{.point = "the yard", .fs_name = "tmpfs", .source = "crengine", .options = "mode=700"};
    place_ = TRY(make_file_system(yard));
    UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return attach(place_.get(), root.get(), yard, "attach");
  }

  Result<> make_all() {
    find_waiting();
    for (std::size_t i = 0; i < fds_.size(); ++i)
      if (ns_.origins[i].kind != Origin::Kind::kBind && !waits_[i] && !is_late(ns_, i)) TRY(make(i));
    for (std::size_t i = 0; i < fds_.size(); ++i)
      if (ns_.origins[i].kind == Origin::Kind::kBind && !waits_[i] && !is_late(ns_, i)) TRY(bind(i));
    for (std::size_t i = 0; i < fds_.size(); ++i)
      if (!waits_[i] && !is_late(ns_, i)) TRY(set_flags(fds_[i].get(), ns_.mounts[i]));
    return {};
  }

  /// Children hang on their parents: those that hide others come later, so none is in the way.
  Result<> put_together() {
    for (std::size_t i = 1; i < fds_.size(); ++i)
      if (!ns_.mounts[i].point.empty() && !waits_[i] && !is_late(ns_, i)) TRY(put_into_place(i));
    return {};
  }

  /// What needs paths of the namespace, and all that hangs on it or shows a part of it, in the order of need.
  Result<> make_waiting() {
    for (bool moved = true; std::exchange(moved, false);)
      for (std::size_t i = 0; i < fds_.size(); ++i) {
        if (!waits_[i] || is_late(ns_, i) || !is_its_turn(i)) continue;
        TRY(ns_.origins[i].kind == Origin::Kind::kBind ? bind(i) : make(i));
        TRY(set_flags(fds_[i].get(), ns_.mounts[i]));
        waits_[i] = false;
        if (!ns_.mounts[i].point.empty()) TRY(put_into_place(i));
        moved = true;
      }
    for (std::size_t i = 0; i < fds_.size(); ++i)
      if (waits_[i] && !is_late(ns_, i))
        return Error{"mnt", "make", ns_.mounts[i].name(), 0, "what it needs can't be made before it"};
    return {};
  }

  const std::vector<UniqueFd>& fds() const { return fds_; }
  std::vector<UniqueFd> take_fds() { return std::move(fds_); }

 private:
  bool is_on_paths(std::size_t i) const {
    const FsType* type = fs_type(ns_.mounts[i].fs_name);
    return ns_.origins[i].kind == Origin::Kind::kNew && type != nullptr && type->how == Carried::kOnPaths;
  }

  /// Parents and what others are bound from may stand behind them.
  void find_waiting() {
    waits_.assign(fds_.size(), false);
    for (bool more = true; std::exchange(more, false);)
      for (std::size_t i = 0; i < fds_.size(); ++i) {
        const bool waits = is_on_paths(i) || (i != 0 && !ns_.mounts[i].point.empty() && waits_[parent_of(i)]) ||
                           (ns_.origins[i].kind == Origin::Kind::kBind && waits_[ns_.origins[i].of]);
        more = more || (waits && !waits_[i]);
        waits_[i] = waits;
      }
  }

  bool is_its_turn(std::size_t i) const {
    const Mount& m = ns_.mounts[i];
    if (i != 0 && !m.point.empty() && waits_[parent_of(i)]) return false;
    if (ns_.origins[i].kind == Origin::Kind::kBind && waits_[ns_.origins[i].of]) return false;
    if (!is_on_paths(i)) return true;
    // A path may lead through another one that was there before.
    for (const std::string& path : layers_of(m))
      for (std::size_t o = 0; o < fds_.size(); ++o)
        if (o != i && waits_[o] && !ns_.mounts[o].point.empty() && ns_.mounts[o].id < m.id &&
            is_below(path, ns_.mounts[o].point))
          return false;
    return true;
  }

  std::size_t parent_of(std::size_t i) const { return index_of(ns_.mounts[i].parent); }

  Result<> put_into_place(std::size_t i) {
    const Mount& m = ns_.mounts[i];
    const std::size_t parent = parent_of(i);
    const Mount& p = ns_.mounts[parent];
    if (!is_below(m.point, p.point))
      return Error{"mnt", "attach", m.name(), 0, format("its parent is {}: the image is damaged", p.name())};
    UniqueFd place =
        TRY(open_on(fds_[parent].get(), below(m.point, p.point), m, "find the place of", p.fs_name == "autofs"));
    return attach(fds_[i].get(), place.get(), m, "attach");
  }

  /// On a spot of the yard; from there it is moved like the others.
  Result<> make_on_paths(std::size_t i) {
    const Mount& m = ns_.mounts[i];
    const std::string name = std::to_string(i);
    const int made = mkdirat(place_.get(), name.c_str(), 0700);
    UniqueFd spot(openat(place_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (made != 0 || !spot) return Error{"mnt", "make a place for", m.name(), errno, ""};
    TRY(mount_overlay(m, fds_.front().get(), spot.get()));
    fds_[i].reset(openat(place_.get(), name.c_str(), O_PATH | O_CLOEXEC));
    if (!fds_[i]) return Error{"mnt", "open", m.name(), errno, ""};
    return {};
  }

  std::size_t index_of(std::uint32_t id) const {
    std::size_t i = 0;
    while (ns_.mounts[i].id != id) ++i;
    return i;
  }

  Result<> make(std::size_t i) {
    const Mount& m = ns_.mounts[i];
    if (is_on_paths(i)) return make_on_paths(i);
    if (ns_.taken[i])
      fds_[i] = std::move(ns_.taken[i]);
    else
      fds_[i] =
          TRY(ns_.automounts.contains(m.dev) ? make_automount(m, ns_.automounts.at(m.dev)) : make_file_system(m));
    TRY(put_down(i));
    const FsType* type = fs_type(m.fs_name);
    if (ns_.origins[i].kind != Origin::Kind::kNew || type == nullptr || type->how != Carried::kContent) return {};
    UniqueFd content = TRY(images_.raw(core::ImageType::kTmpfsDev, m.dev));
    TRY(unpack(content.get(), fds_[i].get(), m.name()));
    return set_super_flags(fds_[i].get(), m);
  }

  Result<> bind(std::size_t i) {
    const Mount& m = ns_.mounts[i];
    const std::size_t base = ns_.origins[i].of;
    UniqueFd shown = TRY(open_on(fds_[base].get(), below(m.root, ns_.mounts[base].root), m, "find the source of"));
    fds_[i] = TRY(copy_part(shown.get(), m));
    return put_down(i);
  }

  /// Only of an attached mount can parts be bound.
  Result<> put_down(std::size_t i) {
    const Mount& m = ns_.mounts[i];
    struct stat st;
    const std::string name = std::to_string(i);
    if (fstat(fds_[i].get(), &st) != 0) return Error{"mnt", "stat", m.name(), errno, ""};
    const int made = S_ISDIR(st.st_mode) ? mkdirat(place_.get(), name.c_str(), 0700)
                                         : mknodat(place_.get(), name.c_str(), S_IFREG | 0600, 0);
    UniqueFd spot(openat(place_.get(), name.c_str(), O_PATH | O_CLOEXEC));
    if (made != 0 || !spot) return Error{"mnt", "make a place for", m.name(), errno, ""};
    return attach(fds_[i].get(), spot.get(), m, "attach");
  }

  Namespace& ns_;
  const core::ImageReaderDir& images_;
  std::vector<UniqueFd> fds_;
  std::vector<bool> waits_{};  ///< by index: it needs paths of the namespace, or something that does
  UniqueFd place_{};
};

/// The root of the calling process becomes that of its mount namespace, whatever it was in that of the caller.
Result<> go_to_root() {
  UniqueFd own(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!own || setns(own.get(), CLONE_NEWNS) != 0) return Error{"mnt", "enter", "the new mount namespace", errno, ""};
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return Error{"mnt", "make private", "the mounts of the new namespace", errno, ""};
  return {};
}

Result<> leave_old_root(int root) {
  if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
    return Error{"mnt", "change", "the root of the mount namespace", errno,
                 "the engine's own root must be a mount, not the initial ramfs"};
  // The old root is on top of the new one now, and the yard on top of that.
  if (umount2(".", MNT_DETACH) != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    return Error{"mnt", "leave", "the engine's mounts", errno, ""};
  return {};
}

/// Interpreters are looked up in the namespace.
Result<> register_formats(const Namespace& ns, const std::vector<UniqueFd>& fds) {
  for (std::size_t i = 0; i < ns.mounts.size() && !ns.formats.empty(); ++i) {
    const Mount& m = ns.mounts[i];
    if (m.fs_name != "binfmt_misc" || ns.origins[i].kind != Origin::Kind::kNew) continue;
    TRY(register_formats(fds[i].get(), ns.formats, m.name()));
    return set_super_flags(fds[i].get(), m);
  }
  return {};
}

}  // namespace

Result<> set_flags(int mount, const Mount& m) {
  struct Pair {
    std::uint32_t flag;
    std::uint64_t attr;
  };
  static constexpr Pair kPairs[] = {
      {MS_RDONLY, MOUNT_ATTR_RDONLY},         {MS_NOSUID, MOUNT_ATTR_NOSUID},
      {MS_NODEV, MOUNT_ATTR_NODEV},           {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
      {MS_NOATIME, MOUNT_ATTR_NOATIME},       {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
      {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
  };
  mount_attr attr{};
  attr.attr_clr = kAttrAtime;
  for (const Pair& p : kPairs) {
    if (m.flags & p.flag)
      attr.attr_set |= p.attr;
    else
      attr.attr_clr |= p.attr;
  }
  if (m.flags & kNosymfollow) attr.attr_set |= kAttrNosymfollow;
  if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof attr) != 0)
    return Error{"mnt", format("set the flags {:x} of", m.flags), m.name(), errno, ""};
  return {};
}

Result<UniqueFd> copy_below(int mount, std::string_view path, const Mount& m) {
  UniqueFd shown = TRY(open_on(mount, path, m, "find the source of"));
  return copy_part(shown.get(), m);
}

Result<std::vector<UniqueFd>> build(Namespace& ns, const core::ImageReaderDir& images) {
  TRY(go_to_root());
  return build_here(ns, images);
}

Result<std::vector<UniqueFd>> build_here(Namespace& ns, const core::ImageReaderDir& images) {
  Yard yard(ns, images);
  TRY(yard.open());
  TRY(yard.make_all());
  TRY(yard.put_together());
  TRY(yard.make_waiting());
  TRY(leave_old_root(yard.fds().front().get()));
  std::vector<UniqueFd> fds = yard.take_fds();
  TRY(register_formats(ns, fds));
  return fds;
}

Result<> furnish(RestoreCtx& ctx) {
  // Nested ones are made when the terminals are there.
  for (const auto& [id, ns] : ctx.models.get<Model>().namespaces)
    for (std::size_t i = 0; i < ns.mounts.size(); ++i) {
      if (ns.nested || !is_late_node(ns, i)) continue;
      const Mount& m = ns.mounts[i];
      const Mount& devpts = ns.mounts[ns.origins[i].of];
      const std::string node = join(devpts.point, below(m.root, devpts.root));
      UniqueFd shown(::open(node.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      UniqueFd at(::open(m.point.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!shown || !at)
        return Error{"mnt", format("bind {} to", node), m.name(), errno, "no task of the tree has that terminal"};
      UniqueFd mount = TRY(copy_part(shown.get(), m));
      TRY(set_flags(mount.get(), m));
      TRY(attach(mount.get(), at.get(), m, "attach"));
    }
  return {};
}

}  // namespace cr::mnt
