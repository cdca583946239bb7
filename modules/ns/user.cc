#include "ns/user.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/proc_text.h"
#include "core/stages.h"
#include "ns/child_user.h"

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

Result<ShownIds> look_at_ids(const Task& member) {
  ShownIds shown;
  shown.maps.uid = core::parse_id_map(TRY(core::read_proc(member.live, "uid_map")));
  shown.maps.gid = core::parse_id_map(TRY(core::read_proc(member.live, "gid_map")));
  shown.groups_denied = TRY(core::read_proc(member.live, "setgroups")).starts_with("deny");
  if (!shown.maps.uid.ranges.empty() && !shown.maps.gid.ranges.empty()) return shown;
  return Error{"ns", "dump", format("the user namespace of pid {}", member.host), 0,
               "its id maps are not written yet: everybody in it is nobody"};
}

Result<> write_maps(const RestoreCtx& ctx, std::int32_t pid, const core::IdMaps& maps, bool groups_denied) {
  const UniqueFd process(openat(ctx.proc_fd, std::to_string(pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!process) return Error{"ns", "open", format("/proc/{}", pid), errno, ""};
  TRY(write_map(process.get(), "uid_map", text_of(maps.uid)));
  if (groups_denied) TRY(write_map(process.get(), "setgroups", "deny"));
  return write_map(process.get(), "gid_map", text_of(maps.gid));
}

Result<> become_first(const core::IdMaps& maps, bool groups_denied) {
  const uid_t uid = maps.uid.first_inside();
  const gid_t gid = maps.gid.first_inside();
  if ((!groups_denied && syscall(SYS_setgroups, 0, nullptr) != 0) || syscall(SYS_setresgid, gid, gid, gid) != 0 ||
      syscall(SYS_setresuid, uid, uid, uid) != 0 ||
      prctl(PR_SET_DUMPABLE, 1) != 0)  // its files in /proc would be those of the outside's root else
    return Error{"ns", "become", format("{}:{} in the new user namespace", uid, gid), errno, ""};
  return {};
}

Result<> collect_user(DumpCtx& ctx, NsId id, const Task& member) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  if (id != objects.of.at(ctx.tree.root().pid).user_ns) return collect_child_user(ctx, id, member);
  ShownIds shown = TRY(look_at_ids(member));
  ctx.models.edit<core::TreeIds>() = {true, shown.maps, shown.groups_denied};
  if (objects.of.at(member.pid).pid_ns == objects.root.pid_ns)
    return Error{"ns", "dump", format("pid {}", member.host), 0,
                 "it has a user namespace of its own but shares the pid namespace of the engine, where it could not "
                 "choose its pids again; run the engine inside"};
  return {};
}

Result<> fill_user(RestoreCtx& ctx, NsId) {
  core::await_value(*ctx.shared, ctx.shared->task[0].ids_are_mapped, 1);
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
