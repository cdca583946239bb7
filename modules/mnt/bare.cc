#include "mnt/bare.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"

namespace cr::mnt {
namespace {

using Copies = std::map<std::uint32_t, UniqueFd>;

/// Our own mountinfo, wherever we are and whatever is mounted on /proc there.
class OwnMountinfo {
 public:
  OwnMountinfo() : self_(open("/proc/thread-self", O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  Result<std::vector<Mount>> read() const {
    UniqueFd file(openat(self_.get(), "mountinfo", O_RDONLY | O_CLOEXEC));
    if (!file) return Error{"mnt", "open", "/proc/thread-self/mountinfo", errno, ""};
    std::string text;
    char part[16384];
    for (;;) {
      const ssize_t n = ::read(file.get(), part, sizeof part);
      if (n < 0) return Error{"mnt", "read", "/proc/thread-self/mountinfo", errno, ""};
      if (n == 0) return parse_mountinfo(text);
      text.append(part, static_cast<std::size_t>(n));
    }
  }

 private:
  UniqueFd self_;
};

bool shows_root(const Mount& m, std::uint32_t dev) { return m.dev == dev && m.root == "/" && !m.deleted; }

/// Nothing when another mount hides it, or it must not be copied where it is.
Result<UniqueFd> copy_of(const Mount& m) {
  if (m.flags & MS_UNBINDABLE) return UniqueFd();
  UniqueFd place(open(m.point.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place || TRY(mount_id(place.get(), "", AT_EMPTY_PATH)) != m.id) return UniqueFd();
  UniqueFd copy(open_tree(place.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!copy) return Error{"mnt", "copy", m.name(), errno, ""};
  mount_attr alone{};
  alone.propagation = MS_PRIVATE;
  if (mount_setattr(copy.get(), "", AT_EMPTY_PATH, &alone, sizeof alone) != 0)
    return Error{"mnt", "copy", m.name(), errno, "the kernel must be 5.12 or newer"};
  return copy;
}

/// Takes the mounts of a namespace that nobody else lives in down, from the top, and copies what comes to light.
class Peeler {
 public:
  explicit Peeler(const std::vector<Mount>& mounts) {
    for (const Mount& m : mounts) children_.emplace(m.parent, &m);
  }

  Result<> peel(const Mount& m, const std::set<std::uint32_t>& devs, Copies& copies) {
    std::vector<const Mount*> on_it;
    auto [first, last] = children_.equal_range(m.id);
    for (auto c = first; c != last; ++c)
      if (c->second != &m) on_it.push_back(c->second);
    // Those that hide others first.
    std::sort(on_it.begin(), on_it.end(),
              [](const Mount* a, const Mount* b) { return a->point.size() < b->point.size(); });
    for (const Mount* child : on_it) TRY(peel(*child, devs, copies));
    if (devs.contains(m.dev) && shows_root(m, m.dev) && !copies[m.dev]) copies[m.dev] = TRY(copy_of(m));
    if (!m.is_root() && umount2(m.point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return Error{"mnt", "look below", m.name(), errno, "unmount what hides a tmpfs before the dump"};
    return {};
  }

 private:
  std::multimap<std::uint32_t, const Mount*> children_{};
};

/// In a copy of the namespace, which goes with the visit.
Result<> peel_copy(const OwnMountinfo& own, const std::set<std::uint32_t>& devs, Copies& copies) {
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return Error{"mnt", "copy", "the mount namespace of the tree", errno, ""};
  const std::vector<Mount> mounts = TRY(own.read());
  Peeler peeler(mounts);
  for (const Mount& m : mounts)
    if (m.is_root()) return peeler.peel(m, devs, copies);
  return {};
}

}  // namespace

Result<std::uint32_t> mount_id(int directory, const char* path, int flags) {
  struct statx st;
  if (statx(directory, path, flags | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) != 0 || !(st.stx_mask & STATX_MNT_ID))
    return Error{"mnt", "find", format("the mount of \"{}\"", path), errno, "the kernel must be 5.8 or newer"};
  return static_cast<std::uint32_t>(st.stx_mnt_id);
}

Result<std::vector<Mount>> mounts_around(HostPid member) {
  const OwnMountinfo own;
  const bool in_own_cgroup_ns =
      TRY(core::read_proc_link(member, "ns/cgroup")) != TRY(core::read_proc_link(HostPid{getpid()}, "ns/cgroup"));
  std::optional<core::NsVisit> cgroups;
  if (in_own_cgroup_ns) cgroups.emplace(TRY(core::NsVisit::enter(member, "cgroup")));
  core::NsVisit visit = TRY(core::NsVisit::enter(member, "mnt"));
  return own.read();
}

Result<Copies> bare_copies(HostPid member, const std::vector<Mount>& all, const std::set<std::uint32_t>& devs) {
  Copies copies;
  if (devs.empty()) return copies;
  const OwnMountinfo own;
  core::NsVisit visit = TRY(core::NsVisit::enter(member, "mnt"));
  std::set<std::uint32_t> covered;
  for (std::uint32_t dev : devs) {
    UniqueFd& copy = copies[dev];
    for (const Mount& m : all)
      if (!copy && shows_root(m, dev)) copy = TRY(copy_of(m));
    if (!copy) covered.insert(dev);
  }
  if (!covered.empty()) TRY(peel_copy(own, covered, copies));
  for (std::uint32_t dev : devs)
    if (!copies[dev])
      return Error{"mnt", "look into", format("the file system {}:{}", dev >> 20, dev & 0xfffff), 0,
                   "no mount that shows its root can be reached"};
  return copies;
}

}  // namespace cr::mnt
