#include <sys/shm.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/id_map.h"
#include "core/ns_visit.h"
#include "ipc/mqueue.h"
#include "ipc/objects.h"
#include "ipc/undo.h"

namespace cr::ipc {
namespace {

const Space* space_of(const Models& models, const Task& task) {
  const auto& objects = models.get<KobjModel>().of;
  const auto of = objects.find(task.pid);
  if (of == objects.end()) return nullptr;
  const auto& spaces = models.get<Model>().spaces;
  const auto it = spaces.find(of->second.ipc_ns);
  return it == spaces.end() ? nullptr : &it->second;
}

/// What was made in the dumper's own namespace goes away again when the restore fails.
struct MadeObjects {
  MadeIds ids{};
  pid_t maker = 0;
  ~MadeObjects() {
    if (getpid() == maker) remove_all(ids);
  }
};

const Space* host_space(const Models& models) {
  const auto& spaces = models.get<Model>().spaces;
  const auto it = spaces.find(models.get<KobjModel>().root.ipc_ns);
  return it == spaces.end() ? nullptr : &it->second;
}

Result<> make_room_in_host(const Space& space, const TaskTree& tree, bool remove) {
  return make_room(
      space,
      [&](int pid) {
        return std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](const Task& t) { return t.pid.value == pid; });
      },
      remove);
}

/// As the first task that lives there has to say them, who may be in a user namespace below that of the tree.
void name_owners(const RestoreCtx& ctx, NsId id, Space& space) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const auto first = std::find_if(ctx.tree.tasks.begin(), ctx.tree.tasks.end(), [&](const Task& t) {
    const KobjIds* ids = objects.find(t.pid);
    return ids != nullptr && ids->ipc_ns == id;
  });
  if (first == ctx.tree.tasks.end() || core::child_space(ctx.models, first->pid) == nullptr) return;
  auto name = [&](auto& all) {
    for (auto& [number, o] : all) {
      o.uid = core::uid_for(ctx.models, first->pid, o.uid), o.gid = core::gid_for(ctx.models, first->pid, o.gid);
      o.cuid = core::uid_for(ctx.models, first->pid, o.cuid), o.cgid = core::gid_for(ctx.models, first->pid, o.cgid);
    }
  };
  name(space.segments);
  name(space.semaphores);
  name(space.queues);
}

bool has_marked(const Space& space) {
  return std::any_of(space.segments.begin(), space.segments.end(),
                     [](const auto& s) { return (s.second.mode & SHM_DEST) != 0; });
}

}  // namespace

const Segment* find_segment(const Models& models, const Task& task, int id) {
  const Space* space = space_of(models, task);
  if (space == nullptr) return nullptr;
  const auto it = space->segments.find(id);
  return it == space->segments.end() ? nullptr : &it->second;
}

Result<> plan(PlanCtx& ctx) {
  const Space* space = host_space(ctx.models);
  return space == nullptr ? Result<>{} : make_room_in_host(*space, ctx.tree, false);
}

Result<> prepare(RestoreCtx& ctx) {
  TRY(watch_queue_names(ctx));
  const Space* space = host_space(ctx.models);
  if (space == nullptr) return {};
  TRY(make_room_in_host(*space, ctx.tree, true));
  MadeObjects& made = ctx.models.edit<MadeObjects>();
  made.maker = getpid();
  return make(ctx.images, ctx.opener, *space, made.ids);
}

Result<> plan_namespace(PlanCtx& ctx, NsId id) {
  const std::string* joined = ctx.opt.joined("ipc");
  if (joined == nullptr || ctx.models.get<KobjModel>().of.at(ctx.tree.root().pid).ipc_ns != id) return {};
  auto refuse = [&](const char* what, std::size_t count) {
    return Error{"ipc", "join", *joined, 0,
                 format("the tree's own namespace has {} {}, which are not made in one that others live in: restore "
                        "without --join-ns ipc",
                        count, what)};
  };
  const auto& spaces = ctx.models.get<Model>().spaces;
  if (const auto it = spaces.find(id); it != spaces.end()) {
    if (!it->second.segments.empty()) return refuse("shared memory segments", it->second.segments.size());
    if (!it->second.semaphores.empty()) return refuse("semaphore sets", it->second.semaphores.size());
    if (!it->second.queues.empty()) return refuse("message queues", it->second.queues.size());
  }
  const std::size_t posix = ctx.models.get<PosixQueueModel>().queues.size();
  return posix != 0 ? refuse("POSIX message queues", posix) : Result<>{};
}

Result<> fill_namespace(RestoreCtx& ctx, NsId id) {
  auto& spaces = ctx.models.edit<Model>().spaces;
  const auto it = spaces.find(id);
  if (it == spaces.end()) return {};
  name_owners(ctx, id, it->second);
  TRY(set_settings(it->second.settings));
  MadeIds made;  // they go with the namespace
  TRY(make(ctx.images, ctx.opener, it->second, made));
  return set_settings(it->second.settings);  // an id that the next object was to have was used up
}

Result<> enter(TaskCtx& ctx) {
  const Space* space = space_of(ctx.models(), ctx.task);
  return space == nullptr ? Result<>{} : restore_undo(*space, ctx.task.pid);
}

Result<> finish(RestoreCtx& ctx) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const auto& [id, space] : ctx.models.get<Model>().spaces) {
    if (!has_marked(space)) continue;
    if (id == objects.root.ipc_ns) {
      TRY(mark_segments(space));
      continue;
    }
    for (const Task& t : ctx.tree.tasks) {
      if (!t.alive() || objects.of.at(t.pid).ipc_ns != id) continue;
      auto visit = TRY(core::NsVisit::enter(t.live, "ipc"));
      TRY(mark_segments(space));
      break;
    }
  }
  return {};
}

Result<> unlock(RestoreCtx& ctx) {
  ctx.models.edit<MadeObjects>().ids = {};
  return {};
}

}  // namespace cr::ipc
