// Peer groups and masters: who passes mounts and unmounts on to whom (mount_namespaces(7)).
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <set>

#include "base/format.h"
#include "mnt/mnt.h"
#include "mnt/outside.h"

namespace cr::mnt {
namespace {

/// A mount of one of the tree's namespaces.
struct Member {
  const Namespace* ns = nullptr;
  std::size_t place = 0, i = 0;  ///< of the namespace in Model::order; of the mount in it

  const Mount& mount() const { return ns->mounts[i]; }
  bool from_outside() const {
    const Mount& m = mount();
    return (m.is_root() && !ns->nested) || (!m.key.empty() && m.key != kDeviceKey);
  }
};

std::vector<Member> members_of(const Model& model) {
  std::vector<Member> all;
  for (std::size_t place = 0; place < model.order.size(); ++place) {
    const Namespace& ns = model.at(place);
    for (std::size_t i = 0; i < ns.mounts.size(); ++i) all.push_back({&ns, place, i});
  }
  return all;
}

/// The member of a group that shows the most: the kernel gives a group on only to mounts that show less.
const Member* widest(const std::vector<Member>& all, std::uint32_t group) {
  const Member* best = nullptr;
  for (const Member& m : all)
    if (m.mount().shared == group && (best == nullptr || m.mount().root.size() < best->mount().root.size()))
      best = &m;
  return best;
}

Error unreachable(const Member& m, std::string what, const char* option) {
  return Error{"mnt", "carry", m.mount().name(), 0,
               m.from_outside()
                   ? format("{}: {} keeps that", what, option)
                   : format("{}: make it private, or leave it to the outside by --external 'mnt[]:ms'", what)};
}

Result<> check_peers(const std::vector<Member>& all, const Member& member, const Outside& outside,
                     const std::vector<Mount>& theirs) {
  const Mount& m = member.mount();
  const bool outside_too =
      std::any_of(theirs.begin(), theirs.end(), [&](const Mount& t) { return t.shared == m.shared; });
  if (outside_too && !(member.from_outside() && outside.sharing))
    return unreachable(member, format("it shares mounts with the outside (peer group {})", m.shared),
                       "--enable-external-sharing");
  const Mount& leader = widest(all, m.shared)->mount();
  if (!is_below(m.root, leader.root) || m.dev != leader.dev)
    return Error{"mnt", "carry", m.name(), 0,
                 format("its peer {} shows another part of the file system, and none shows both: make it private",
                        leader.point)};
  return {};
}

Result<> check_master(const std::vector<Member>& all, const Member& member, const Outside& outside) {
  const Mount& m = member.mount();
  const Member* master = widest(all, m.master);
  if (master == nullptr) {
    if (member.from_outside() && (m.is_root() || outside.masters)) return {};
    return unreachable(member, format("it follows mounts of the outside (master {})", m.master),
                       "--enable-external-masters");
  }
  if (!is_below(m.root, master->mount().root))
    return Error{"mnt", "carry", m.name(), 0, "its master shows less than itself: make it private"};
  return {};
}

class Groups {
 public:
  Groups(const Model& model, const Reach& reach) : all_(members_of(model)), reach_(reach) {
    here_ = model.order.size() - 1;
  }

  Result<> set_all() {
    for (const Member& m : all_)
      if (fd_of(m)) TRY(set(m));
    for (const Member& m : all_)
      if (fd_of(m) && (m.mount().flags & MS_UNBINDABLE) != 0) TRY(change(m, MS_UNBINDABLE));
    return go_to(reach_.fds.size() - 1);
  }

 private:
  const UniqueFd& fd_of(const Member& m) const { return reach_.fds[m.place][m.i]; }

  Result<> go_to(std::size_t place) {
    if (place == here_) return {};
    here_ = place;
    if (setns(reach_.spaces[place].get(), CLONE_NEWNS) == 0) return {};
    return Error{"mnt", "enter", "a mount namespace of the tree", errno, ""};
  }

  Result<> set(const Member& m) {
    if (m.mount().shared != 0) return make(m.mount().shared);
    return m.mount().master != 0 ? follow(m) : Result<>{};
  }

  /// Only from inside its namespace.
  Result<> change(const Member& m, std::uint64_t propagation) {
    TRY(go_to(m.place));
    mount_attr attr{};
    attr.propagation = propagation;
    if (mount_setattr(fd_of(m).get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0)
      return Error{"mnt", "set the propagation of", m.mount().name(), errno, ""};
    return {};
  }

  Result<> join(const Member& from, const Member& to) const {
    if (move_mount(fd_of(from).get(), "", fd_of(to).get(), "",
                   MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
      return Error{"mnt", format("share the mounts of {} with", from.mount().point), to.mount().name(), errno,
                   "the kernel must be 5.15 or newer"};
    return {};
  }

  /// A slave of its master, when the tree has that; the others have been made slaves of what they were copied from.
  Result<> follow(const Member& m) {
    const std::uint32_t master = m.mount().master;
    const Member* from = widest(all_, master);
    if (master == 0 || from == nullptr) return {};
    TRY(make(master));
    TRY(join(*from, m));
    return change(m, MS_SLAVE);
  }

  Result<> make(std::uint32_t group) {
    if (!done_.insert(group).second) return {};
    const Member& leader = *widest(all_, group);
    TRY(follow(leader));
    TRY(change(leader, MS_SHARED));
    for (const Member& m : all_)
      if (&m != &leader && m.mount().shared == group) TRY(join(leader, m));
    return {};
  }

  const std::vector<Member> all_;
  const Reach& reach_;
  std::size_t here_;  ///< place of the namespace that we are in
  std::set<std::uint32_t> done_{};
};

}  // namespace

Result<> check_groups(const Model& model, const Options& opt, const std::vector<Mount>& theirs) {
  const Outside outside = TRY(outside_of_tree(model, opt));
  const std::vector<Member> all = members_of(model);
  for (const Member& member : all) {
    const Mount& m = member.mount();
    if (is_terminal(m) && (m.shared | m.master) != 0)
      return Error{"mnt", "carry", m.name(), 0,
                   "it is the node of a terminal with peers or a master: make it private"};
    if (m.shared != 0) TRY(check_peers(all, member, outside, theirs));
    if (m.master != 0) TRY(check_master(all, member, outside));
  }
  return {};
}

std::uint64_t propagation_of_copy(const Model& model, const Namespace& ns, std::size_t i, const Outside& outside) {
  const Mount& m = ns.mounts[i];
  const std::vector<Member> all = members_of(model);
  const Member* leader = m.shared == 0 ? nullptr : widest(all, m.shared);
  if (leader != nullptr && (leader->ns != &ns || leader->i != i)) return MS_PRIVATE;  // it joins the one that is
  if (m.shared != 0 && !m.internal_sharing && outside.sharing) return 0;
  const bool follows = m.master != 0 && widest(all, m.master) == nullptr && (m.is_root() || outside.masters);
  return follows ? MS_SLAVE : MS_PRIVATE;
}

Result<> set_groups(const Model& model, const Reach& reach) { return Groups(model, reach).set_all(); }

}  // namespace cr::mnt
