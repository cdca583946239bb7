#include "ns/user.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <climits>
#include <set>

#include "base/format.h"
#include "base/log.h"
#include "base/restore_shared.h"
#include "core/proc_text.h"
#include "core/stages.h"

namespace cr::ns {
namespace {

constexpr useconds_t kPause_us = 50;

Result<> write_map(int process, const char* file, const std::string& text) {
  UniqueFd fd(openat(process, file, O_WRONLY | O_CLOEXEC));
  // One write is all that the kernel takes.
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return Error{"ns", format("write \"{}\" to", text), format("{} of the new user namespace", file), errno,
                 "the engine needs CAP_SETUID and CAP_SETGID, and must know those ids itself"};
  return {};
}

std::string text_of(const core::IdMap& map) {
  std::string text;
  for (const auto& r : map.ranges) text += format("{} {} {}\n", r.inside, r.outside, r.count);
  return text;
}

Result<> write_maps(const RestoreCtx& ctx, std::int32_t pid, const core::IdMaps& maps, bool groups_denied) {
  const UniqueFd process(openat(ctx.proc_fd, std::to_string(pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process) return Error{"ns", "open", format("/proc/{}", pid), errno, ""};
  TRY(write_map(process.get(), "uid_map", text_of(maps.uid)));
  if (groups_denied) TRY(write_map(process.get(), "setgroups", "deny"));
  return write_map(process.get(), "gid_map", text_of(maps.gid));
}

/// As the user namespace of the maker has them.
core::IdMap seen_by(const core::IdMap& map, const core::IdMap& maker) {
  core::IdMap seen = map;
  for (auto& r : seen.ranges) r.outside = maker.to_inside(r.outside);
  return seen;
}

/// The one who was born with it: no other task before him lives there.
const Task& first_in(const TaskTree& tree, const KobjModel& objects, NsId user) {
  for (const Task& t : tree.tasks)
    if (const KobjIds* ids = objects.find(t.pid); ids != nullptr && ids->user_ns == user) return t;
  return tree.root();
}

/// Becomes the first user in a new user namespace.
Result<> become_first(const core::IdMaps& maps, bool groups_denied) {
  const uid_t uid = maps.uid.first_inside();
  const gid_t gid = maps.gid.first_inside();
  if ((!groups_denied && syscall(SYS_setgroups, 0, nullptr) != 0) || syscall(SYS_setresgid, gid, gid, gid) != 0 ||
      syscall(SYS_setresuid, uid, uid, uid) != 0 ||
      prctl(PR_SET_DUMPABLE, 1) != 0)  // its files in /proc would be those of the outside's root else
    return Error{"ns", "become", format("{}:{} in the new user namespace", uid, gid), errno, ""};
  return {};
}

/// The maps as the engine sees them.
struct Shown {
  core::IdMaps maps{};
  bool groups_denied = false;
};

Result<Shown> look_at(const Task& member) {
  Shown shown;
  shown.maps.uid = core::parse_id_map(TRY(core::read_proc(member.live, "uid_map")));
  shown.maps.gid = core::parse_id_map(TRY(core::read_proc(member.live, "gid_map")));
  shown.groups_denied = TRY(core::read_proc(member.live, "setgroups")).starts_with("deny");
  if (!shown.maps.uid.ranges.empty() && !shown.maps.gid.ranges.empty()) return shown;
  return Error{"ns", "dump", format("the user namespace of pid {}", member.host), 0,
               "its id maps are not written yet: everybody in it is nobody"};
}

/// A child that died can't say so.
Result<std::int32_t> await_birth(const RestoreCtx& ctx) {
  const TaskSlot& slot = ctx.shared->task[0];
  for (; slot.host_pid == 0; usleep(kPause_us)) {
    siginfo_t info{};
    if (ctx.shared->error_set != 0) break;  // told by who waits for it
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 || info.si_pid != 0)
      return Error{"ns", "restore", format("pid {}", ctx.tree.root().pid), 0, "it died as soon as it was born"};
  }
  return slot.host_pid.load();
}

}  // namespace

Result<> collect_user(DumpCtx& ctx, NsId id, const Task& member) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  Shown shown = TRY(look_at(member));
  core::TreeIds& ids = ctx.models.edit<core::TreeIds>();
  if (id != objects.of.at(ctx.tree.root().pid).user_ns) {
    for (auto& r : shown.maps.uid.ranges) r.outside = ids.uid(r.outside);
    for (auto& r : shown.maps.gid.ranges) r.outside = ids.gid(r.outside);
    ctx.models.edit<core::ChildIds>().spaces[id] = {shown.maps, shown.groups_denied};
    return {};
  }
  ids = {true, shown.maps, shown.groups_denied};
  if (objects.of.at(member.pid).pid_ns == objects.root.pid_ns)
    return Error{"ns", "dump", format("pid {}", member.host), 0,
                 "it has a user namespace of its own but shares the pid namespace of the engine, where it could not "
                 "choose its pids again; run the engine inside"};
  return {};
}

Result<> check_children(const TaskTree& tree, const KobjModel& objects) {
  const NsId root = objects.of.at(tree.root().pid).user_ns;
  std::set<NsId> known{root};
  for (const Task& t : tree.tasks) {
    const KobjIds* ids = objects.find(t.pid);
    const KobjIds* parents = ids == nullptr || t.parent == kNoTask ? nullptr : objects.find(tree.tasks[t.parent].pid);
    if (parents == nullptr) continue;
    const bool is_init = t.space == t.index;
    if (ids->user_ns != parents->user_ns && (!is_init || !known.insert(ids->user_ns).second))
      return Error{"ns", "dump", format("pid {}", t.host), 0,
                   "it lives in a user namespace below that of its parent, which did not come with a pid namespace "
                   "of its own or was entered by setns(2); that is not carried yet"};
    if (ids->user_ns != root && !is_init && t.space != tree.tasks[t.parent].space)
      return Error{
          "ns", "dump", format("pid {}", t.host), 0,
          "it lives in a user namespace below that of the tree, and has entered a pid namespace by setns(2); "
          "that is not carried yet"};
  }
  return {};
}

void find_free_levels(TaskTree& tree, const KobjModel& objects) {
  const NsId root = objects.of.at(tree.root().pid).user_ns;
  // Below the pid namespace that came with it, a user namespace has its say.
  auto free_in = [&](const Task& t) -> std::size_t {
    const KobjIds* ids = objects.find(t.pid);
    return ids == nullptr || ids->user_ns == root ? 0 : first_in(tree, objects, ids->user_ns).inner.size();
  };
  for (Task& t : tree.tasks) {
    if (t.parent == kNoTask) continue;
    t.levels_free = free_in(tree.tasks[t.parent]);
    t.thread_levels_free = free_in(t);
    tree.has_free_levels |= t.levels_free != 0 || t.thread_levels_free != 0;
  }
}

Result<> fill_user(RestoreCtx& ctx, NsId id) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  core::await_value(*ctx.shared, ctx.shared->task[first_in(ctx.tree, objects, id).index].ids_are_mapped, 1);
  const auto& children = ctx.models.get<core::ChildIds>().spaces;
  if (auto it = children.find(id); it != children.end())
    return become_first(it->second.maps, it->second.groups_denied);
  const core::TreeIds& ids = ctx.models.get<core::TreeIds>();
  return become_first(ids.maps, ids.groups_denied);
}

Result<> map_ids(RestoreCtx& ctx) {
  const core::TreeIds& ids = ctx.models.get<core::TreeIds>();
  if (!ids.own) return {};
  TRY(write_maps(ctx, TRY(await_birth(ctx)), ids.maps, ids.groups_denied));
  ctx.shared->task[0].ids_are_mapped = 1;
  return {};
}

Result<> map_child_ids(const RestoreCtx& ctx, const Task& t, const KobjIds& maker) {
  const auto& spaces = ctx.models.get<core::ChildIds>().spaces;
  const core::ChildIds::Space& space = spaces.at(ctx.models.get<KobjModel>().of.at(t.pid).user_ns);
  const auto own = spaces.find(maker.user_ns);
  core::IdMaps maps = space.maps;
  if (own != spaces.end()) maps = {seen_by(maps.uid, own->second.maps.uid), seen_by(maps.gid, own->second.maps.gid)};
  TaskSlot& slot = ctx.shared->task[t.index];
  while (slot.host_pid == 0) core::pause_for_others(*ctx.shared);
  TRY(write_maps(ctx, slot.host_pid, maps, space.groups_denied));
  slot.ids_are_mapped = 1;
  return {};
}

Result<LentGroups> LentGroups::take(const RestoreCtx& ctx, const Task& t, const std::vector<std::uint32_t>& inside) {
  const core::ChildIds::Space* space = core::child_space(ctx.models, t.pid);
  if (space == nullptr || !space->groups_denied) return LentGroups();
  std::vector<gid_t> own(NGROUPS_MAX), lent;
  const int count = getgroups(static_cast<int>(own.size()), own.data());
  own.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  for (const std::uint32_t g : inside) lent.push_back(space->maps.gid.to_outside(g));
  if (syscall(SYS_setgroups, lent.size(), lent.data()) == 0) return LentGroups(std::move(own));
  return Error{"ns", "take", format("the groups of pid {}", t.pid), errno, "the engine needs CAP_SETGID"};
}

LentGroups::~LentGroups() {
  if (lent_ && syscall(SYS_setgroups, own_.size(), own_.data()) != 0)
    log::error("a task can't take back its groups");  // those of the images come later
}

Result<> take_groups(RestoreCtx& ctx, const std::vector<std::uint32_t>& inside) {
  const core::TreeIds& ids = ctx.models.get<core::TreeIds>();
  if (!ids.own || !ids.groups_denied) return {};
  std::vector<gid_t> groups;
  for (const std::uint32_t g : inside) groups.push_back(ids.maps.gid.to_outside(g));
  if (setgroups(groups.size(), groups.data()) != 0)
    return Error{"ns", "take", "the groups of the tree", errno, "the engine needs CAP_SETGID"};
  return {};
}

}  // namespace cr::ns
