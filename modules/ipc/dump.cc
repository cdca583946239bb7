#include <fcntl.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "arch/host.h"
#include "base/format.h"
#include "base/page_size.h"
#include "core/id_map.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"
#include "ipc/objects.h"
#include "ipc/outside.h"
#include "ipc/undo.h"

namespace cr::ipc {
namespace {

/// All objects of the namespace that the task lives in.
Space* space_of(DumpCtx& ctx, const Task& task) {
  Model& m = ctx.models.edit<Model>();
  const NsId id = ctx.models.get<KobjModel>().of.at(task.pid).ipc_ns;
  auto& spaces = id == ctx.models.get<KobjModel>().root.ipc_ns ? m.host_objects : m.spaces;
  const auto it = spaces.find(id);
  return it == spaces.end() ? nullptr : &it->second;
}

bool in_tree(const TaskTree& tree, int pid) {
  return std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](const Task& t) { return t.host.value == pid; });
}

/// System calls that wait for an object, and the same as first arguments of ipc(2), where calls are made by that.
struct Waits {
  std::array<long, 2> calls;
  std::array<std::uint64_t, 2> of_ipc;
};
constexpr Waits kSemaphoreWaits{{arch::kNrSemop, SYS_semtimedop}, {1, 4}},
    kQueueWaits{{SYS_msgsnd, SYS_msgrcv}, {11, 12}};

/// Ids of the objects that some thread of the tree waits on.
std::set<int> awaited_by_tree(DumpCtx& ctx, const Waits& waits) {
  const auto among = [](const auto& all, auto one) { return std::find(all.begin(), all.end(), one) != all.end(); };
  std::set<int> ids;
  for (const Task& t : ctx.tree.tasks)
    for (const Thread& thread : t.threads) {
      auto text = core::read_proc(t.host, format("task/{}/syscall", thread.host));
      if (!text.ok()) continue;
      const auto words = core::words(text.value());
      if (words.size() < 3) continue;
      const auto argument = [&](std::size_t i) { return core::number(words[1 + i].substr(2), 16).value_or(0); };
      const auto nr = static_cast<long>(core::number(words[0]).value_or(0));
      if (among(waits.calls, nr)) ids.insert(static_cast<int>(argument(0)));
      if (nr == arch::kNrIpc && among(waits.of_ipc, argument(0) & 0xffff)) ids.insert(static_cast<int>(argument(1)));
    }
  return ids;
}

/// A live process outside of the tree that has used the object last, in words.
std::string outside_user(const TaskTree& tree, const Object& o) {
  for (int pid : o.users)
    if (!in_tree(tree, pid) && kill(pid, 0) == 0) return process_name(pid);
  return "";
}

Result<> check_users(DumpCtx& ctx, const char* kind, const Object& o) {
  const std::string user = outside_user(ctx.tree, o);
  if (user.empty()) return {};
  return fail("dump", name_of(kind, o), 0, format("{}, outside of the tree, uses it too: dump them together", user));
}

Result<> check_attachments(DumpCtx& ctx, const Segment& s) {
  if (s.attachments <= s.own) return {};
  return fail("dump", name_of(kSegment, s), 0,
              format("{}, outside of the tree, has it attached: dump them together", find_attacher(ctx.tree, s.id)));
}

/// Moves the objects of the dumper's namespace that are the tree's into the space that is written.
Result<> pick_own(DumpCtx& ctx, Space& all, Space& own) {
  auto used = [&](const Object& o) {
    return std::any_of(o.users.begin(), o.users.end(), [&](int pid) { return in_tree(ctx.tree, pid); });
  };
  for (auto& [id, s] : all.segments) {
    if (s.own == 0 && !used(s)) continue;
    TRY(check_attachments(ctx, s));
    own.segments.emplace(id, std::move(s));
  }
  std::set<int> awaited = awaited_by_tree(ctx, kSemaphoreWaits);
  for (auto& [id, s] : all.semaphores) {
    const auto undo = all.undo.find(id);
    if (!used(s) && !awaited.contains(id)) {
      if (undo == all.undo.end()) continue;
      return fail(
          "dump", name_of(kSemaphores, s), 0,
          format("pid {} would undo operations on it at its end (SEM_UNDO), and others have used it since: dump "
                 "them together",
                 undo->second.front().task));
    }
    TRY(check_users(ctx, kSemaphores, s));
    if (s.awaited)
      return fail("dump", name_of(kSemaphores, s), 0,
                  "a process outside of the tree waits on it: dump them together");
    if (undo != all.undo.end()) own.undo.insert(*undo);
    own.semaphores.emplace(id, std::move(s));
  }
  awaited = awaited_by_tree(ctx, kQueueWaits);
  for (auto& [id, q] : all.queues) {
    if (!used(q) && !awaited.contains(id)) continue;
    TRY(check_users(ctx, kQueue, q));
    TRY(read_messages(q));
    own.queues.emplace(id, std::move(q));
  }
  return {};
}

/// Descriptions of the segments' memory, where no task of the tree has one attached. In their namespace.
Result<> open_rest(Space& space) {
  for (auto& [id, s] : space.segments)
    if (!s.content) s.content = TRY(open_content(s));
  return {};
}

/// The pids that changed semaphores last, as the tree knows them.
void translate_pids(const TaskTree& tree, Space& space) {
  for (auto& [id, s] : space.semaphores)
    for (int& pid : s.pids) {
      const auto it =
          std::find_if(tree.tasks.begin(), tree.tasks.end(), [&](const Task& t) { return t.host.value == pid; });
      pid = pid == 0 || it == tree.tasks.end() ? 0 : it->pid.value;
    }
}

/// As the tree sees them.
template <class Objects>
Result<> translate_owners(const core::TreeIds& ids, Objects& objects, const char* kind) {
  for (auto& [number, o] : objects) {
    TRY(ids.check_owner(o.uid, o.gid, name_of(kind, o)));
    TRY(ids.check_owner(o.cuid, o.cgid, name_of(kind, o)));
    o.uid = ids.uid(o.uid), o.gid = ids.gid(o.gid);
    o.cuid = ids.uid(o.cuid), o.cgid = ids.gid(o.cgid);
  }
  return {};
}

Result<> translate_owners(const core::TreeIds& ids, Space& space) {
  TRY(translate_owners(ids, space.segments, kSegment));
  TRY(translate_owners(ids, space.semaphores, kSemaphores));
  return translate_owners(ids, space.queues, kQueue);
}

}  // namespace

Result<> collect(DumpCtx& ctx) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const auto& [pid, ids] : objects.of) {
    if (ids.ipc_ns != objects.root.ipc_ns) continue;
    ctx.models.edit<Model>().host_objects[ids.ipc_ns] = TRY(look());
    break;
  }
  return {};
}

Result<> collect_namespace(DumpCtx& ctx, NsId id, const Task& member) {
  auto visit = TRY(core::NsVisit::enter(member.live, "ipc"));
  Space space = TRY(look());
  for (auto& [number, q] : space.queues) TRY(read_messages(q));
  space.settings = TRY(read_settings());
  TRY(translate_owners(ctx.models.get<core::TreeIds>(), space));
  ctx.models.edit<Model>().spaces[id] = std::move(space);
  return {};
}

Result<> note_attachment(DumpCtx& ctx, const Task& task, int id, const std::string& map_file) {
  Space* space = space_of(ctx, task);
  const std::string path = format("/proc/{}/{}", task.live, map_file);
  auto it = space == nullptr ? std::map<int, Segment>::iterator{} : space->segments.find(id);
  if (space == nullptr || it == space->segments.end())
    return fail("dump", path, 0, format("its ipc namespace has no shared memory segment {}", id));
  Segment& s = it->second;
  ++s.own;
  if (s.content) return {};
  s.content.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat st;
  if (!s.content || fstat(s.content.get(), &st) != 0) return fail("open", path, errno);
  // Huge pages: st_blksize is their size.
  if (static_cast<std::uint64_t>(st.st_blksize) > page_size())
    s.huge = static_cast<std::uint32_t>(__builtin_ctzl(static_cast<unsigned long>(st.st_blksize))) << 26;
  return {};
}

Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  Space* space = space_of(ctx, task);
  return space == nullptr ? Result<>{} : read_undo(ctx, task, session, *space);
}

Result<> settle(DumpCtx& ctx) {
  Model& m = ctx.models.edit<Model>();
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (auto& [id, space] : m.spaces) {
    for (const auto& [number, s] : space.segments) TRY(check_attachments(ctx, s));
    const auto member = std::find_if(ctx.tree.tasks.begin(), ctx.tree.tasks.end(), [&, ns = id](const Task& t) {
      return t.alive() && objects.of.at(t.pid).ipc_ns == ns;
    });
    auto visit = TRY(core::NsVisit::enter(member->live, "ipc"));
    TRY(open_rest(space));
  }
  for (auto& [id, all] : m.host_objects) {
    Space own;
    TRY(pick_own(ctx, all, own));
    TRY(open_rest(own));
    if (!own.segments.empty() || !own.semaphores.empty() || !own.queues.empty()) m.spaces[id] = std::move(own);
  }
  for (auto& [id, space] : m.spaces) translate_pids(ctx.tree, space);
  return {};
}

}  // namespace cr::ipc
