#include "ns/child_user.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/format.h"
#include "ns/user.h"

namespace cr::ns {
namespace {

Error refuse(const Task& t, std::string why) {
  return Error{"ns", "carry", format("pid {}", t.host.value != 0 ? t.host.value : t.pid.value), 0, std::move(why)};
}

Result<UniqueFd> open_ns(const Task& member, const char* name) {
  const std::string path = format("/proc/{}/ns/{}", member.live, name);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"ns", "open", path, errno, ""};
  return fd;
}

/// The id of the user namespace that such an ioctl tells; 0: none that we may see.
NsId related(DumpCtx& ctx, int ns, unsigned long request) {
  const UniqueFd fd(ioctl(ns, request));
  struct stat st;
  return fd && fstat(fd.get(), &st) == 0 ? ctx.ids.namespaces.id_of(st.st_dev, st.st_ino) : 0;
}

NsId users_of_tree(const TaskTree& tree, const KobjModel& objects) { return objects.of.at(tree.root().pid).user_ns; }

template <class Field>
bool is_shared(const TaskTree& tree, const KobjModel& objects, const Task& t, Field field) {
  return std::any_of(tree.tasks.begin(), tree.tasks.end(), [&](const Task& other) {
    const KobjIds* ids = objects.find(other.pid);
    return ids != nullptr && other.index != t.index && ids->*field == objects.find(t.pid)->*field;
  });
}

Result<> check_outsider(const TaskTree& tree, const KobjModel& objects, const Task& t) {
  if (is_shared(tree, objects, t, &KobjIds::fs) || is_shared(tree, objects, t, &KobjIds::vm))
    return refuse(t,
                  "it lives in a user namespace below that of the tree, and shares memory or directories with "
                  "another process (CLONE_VM, CLONE_FS), so it could not enter that again");
  return {};
}

/// One that is born inside `users` can make or enter only what belongs to that.
Result<> check_insider(const TaskTree& tree, const Models& models, const Task& t, NsId users) {
  const KobjModel& objects = models.get<KobjModel>();
  const KobjIds& own = *objects.find(t.pid);
  const KobjIds* parents = objects.find(tree.tasks[t.parent].pid);
  if (own.user_ns != users)
    return refuse(t, "it lives in another user namespace than the one that its pid namespace belongs to");
  if (is_shared(tree, objects, t, &KobjIds::vm))
    return refuse(t,
                  "it shares memory with another process (CLONE_VM), in a pid namespace that belongs to a user "
                  "namespace below that of the tree");
  const bool is_first = parents != nullptr && parents->pid_ns != own.pid_ns;
  if (is_first && (own.fs == parents->fs || own.files == parents->files))
    return refuse(t,
                  "it shares descriptors or directories with its parent, and is the first process of a pid "
                  "namespace that belongs to a user namespace below that of the tree");
  for (const NsKind* kind : ns_kinds()) {
    if (kind->clone_flag == CLONE_NEWUSER || kind->clone_flag == CLONE_NEWPID) continue;
    const NsId id = own.*kind->id;
    if ((parents == nullptr || parents->*kind->id != id) && models.get<core::ChildIds>().owner_of(id) != users)
      return refuse(t,
                    format("it has entered a {} namespace that does not belong to its user namespace", kind->name));
  }
  return {};
}

/// A new time namespace has to be filled before anybody is in it, from inside.
Result<> check_clocks(const TaskTree& tree, const Models& models) {
  const core::ChildIds& children = models.get<core::ChildIds>();
  std::set<NsId> known;
  for (const Task& t : tree.tasks) {
    const KobjIds* ids = models.get<KobjModel>().find(t.pid);
    if (ids == nullptr || !known.insert(ids->time_ns).second) continue;
    if (children.owner_of(ids->time_ns) != 0 && !children.born_inside.contains(t.pid))
      return refuse(t,
                    "it lives in a time namespace that belongs to a user namespace below that of the tree, but not "
                    "in a pid namespace that does too");
  }
  return {};
}

void find_births(const TaskTree& tree, Models& models) {
  core::ChildIds& children = models.edit<core::ChildIds>();
  for (const Task& t : tree.tasks) {
    if (t.parent == kNoTask) continue;
    const KobjIds* ids = models.get<KobjModel>().find(t.pid);
    const NsId owner = ids != nullptr && t.space == t.index ? children.owner_of(ids->pid_ns) : 0;
    const auto parent = children.born_inside.find(tree.tasks[t.parent].pid);
    if (parent != children.born_inside.end())
      children.born_inside[t.pid] = parent->second;
    else if (owner != 0)
      children.born_inside[t.pid] = owner;
  }
}

/// How many of the outermost pid namespaces of `t` do not belong to the user namespace that it lives in.
std::size_t levels_outside(const TaskTree& tree, const Models& models, const Task& t) {
  const KobjIds& own = *models.get<KobjModel>().find(t.pid);
  std::size_t levels = 1 + t.inner.size();
  for (TaskIndex init = t.space; init != 0; init = tree.tasks[tree.tasks[init].parent].space) {
    const KobjIds* ids = models.get<KobjModel>().find(tree.tasks[init].pid);
    if (ids != nullptr && models.get<core::ChildIds>().owner_of(ids->pid_ns) == own.user_ns)
      levels = tree.tasks[init].inner.size();
  }
  return levels;
}

}  // namespace

Result<> collect_child_user(DumpCtx& ctx, NsId id, const Task& member) {
  const UniqueFd fd = TRY(open_ns(member, "user"));
  if (related(ctx, fd.get(), NS_GET_PARENT) != users_of_tree(ctx.tree, ctx.models.get<KobjModel>()))
    return refuse(
        member,
        "it lives in a user namespace two or more below that of the tree, or outside of it; only those right "
        "below are carried");
  uid_t owner = 0;
  if (ioctl(fd.get(), NS_GET_OWNER_UID, &owner) != 0)
    return Error{"ns", "find the owner of", format("the user namespace of pid {}", member.host), errno, ""};
  ShownIds shown = TRY(look_at_ids(member));
  const core::TreeIds& ids = ctx.models.get<core::TreeIds>();
  for (auto& r : shown.maps.uid.ranges) r.outside = ids.uid(r.outside);
  for (auto& r : shown.maps.gid.ranges) r.outside = ids.gid(r.outside);
  core::ChildIds::Space& space = ctx.models.edit<core::ChildIds>().spaces[id];
  space.maps = shown.maps;
  space.groups_denied = shown.groups_denied;
  space.owner = ids.uid(owner);
  return {};
}

Result<> find_owner(DumpCtx& ctx, const NsKind& kind, NsId id, const Task& member) {
  if (kind.clone_flag == CLONE_NEWUSER) return {};
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const UniqueFd fd = TRY(open_ns(member, kind.name));
  const NsId owner = related(ctx, fd.get(), NS_GET_USERNS);
  if (owner == users_of_tree(ctx.tree, objects)) return {};
  auto& spaces = ctx.models.edit<core::ChildIds>().spaces;
  if (auto it = spaces.find(owner); it != spaces.end()) {
    it->second.owned.insert(id);
    return {};
  }
  const bool in_ours = users_of_tree(ctx.tree, objects) == objects.root.user_ns;
  return Error{"ns", "dump", format("the {} namespace of pid {}", kind.name, member.host), 0,
               format("it belongs to another user namespace than {} or one that a task of the tree lives in, so the "
                      "tree has other rights in it than it would have in a new one",
                      in_ours ? "the engine's" : "the tree's own")};
}

Result<> settle_child_users(const TaskTree& tree, Models& models) {
  const core::ChildIds& children = models.get<core::ChildIds>();
  if (children.spaces.empty()) return {};
  find_births(tree, models);
  for (const Task& t : tree.tasks) {
    if (models.get<KobjModel>().find(t.pid) == nullptr) continue;
    const auto inside = children.born_inside.find(t.pid);
    if (inside != children.born_inside.end())
      TRY(check_insider(tree, models, t, inside->second));
    else if (core::child_space(models, t.pid) != nullptr)
      TRY(check_outsider(tree, models.get<KobjModel>(), t));
  }
  return check_clocks(tree, models);
}

void find_free_levels(TaskTree& tree, const Models& models) {
  for (Task& t : tree.tasks) {
    if (core::child_space(models, t.pid) == nullptr) continue;
    t.thread_levels_free = levels_outside(tree, models, t);
    if (core::birth_space(models, t.pid) != nullptr) t.levels_free = t.thread_levels_free;
  }
}

bool is_first_inside(const RestoreCtx& ctx, const Task& t) {
  return t.alive() && t.parent != kNoTask && core::birth_space(ctx.models, t.pid) != nullptr &&
         core::birth_space(ctx.models, ctx.tree.tasks[t.parent].pid) == nullptr;
}

}  // namespace cr::ns
