// Pid namespaces below that of the root: whose init is who.
#include <fcntl.h>
#include <sys/stat.h>

#include <map>

#include "base/format.h"
#include "task/tree.h"

namespace cr::task {
namespace {

Error refuse(const Task& t, std::string why) {
  return Error{"task", "use", format("pid {}", t.host.value != 0 ? t.host.value : t.pid.value), 0, std::move(why)};
}

/// The inits of pid namespaces below the root's, by the id of the namespace. Zombies have left theirs, so those that
/// were inits are known by their number alone.
class Spaces {
 public:
  Spaces(TaskTree& tree, const KobjModel& objects) : tree_(tree), objects_(objects) {}

  Result<> run() {
    for (Task& t : tree_.tasks)
      if (t.parent != kNoTask) TRY(find_init(t));
    for (Task& t : tree_.tasks)
      if (t.parent != kNoTask) TRY(settle(t));
    for (const Task& t : tree_.tasks)
      if (t.parent != kNoTask && !tree_.is_seen_in(tree_.tasks[t.parent].space, t.space))
        return refuse(t, "its parent lives in a pid namespace that doesn't see it");
    return {};
  }

 private:
  std::uint32_t ns_of(const Task& t) const {
    const KobjIds* ids = objects_.find(t.pid);
    return ids == nullptr ? 0 : ids->pid_ns;
  }
  bool is_born_inside(const Task& t, const Task& parent) const {
    return t.alive() ? ns_of(t) == ns_of(parent) : t.inner.size() == parent.inner.size();
  }

  Result<> find_init(Task& t) {
    const Task& parent = tree_.tasks[t.parent];
    if (is_born_inside(t, parent) || t.inner.empty() || t.inner.back().pid != 1) return {};
    if (t.inner.size() != parent.inner.size() + 1)
      return refuse(t, "it is the first process of a pid namespace that was made by none of its parent's");
    if (t.alive()) init_of_[ns_of(t)] = t.index;
    t.space = t.index;
    return {};
  }

  Result<> settle(Task& t) {
    if (t.space == t.index) return {};
    const Task& parent = tree_.tasks[t.parent];
    if (is_born_inside(t, parent)) {
      t.space = parent.space;
    } else if (!t.alive()) {
      return refuse(t, "it has died in a pid namespace that its parent is not in; let it be waited for");
    } else if (auto it = init_of_.find(ns_of(t)); it != init_of_.end()) {
      t.space = it->second;
    } else {
      return refuse(t, "the first process of its pid namespace is outside of the tree: dump from that one on");
    }
    if (t.inner.size() != (t.space == 0 ? 0 : tree_.tasks[t.space].inner.size()))
      return refuse(t, "its numbers don't fit its pid namespace");
    return {};
  }

  TaskTree& tree_;
  const KobjModel& objects_;
  std::map<std::uint32_t, TaskIndex> init_of_{};
};

struct Place {
  bool is_there = false;
  dev_t dev = 0;
  ino_t ino = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

Result<Place> look(const std::string& path) {
  struct stat st;
  if (stat(path.c_str(), &st) == 0) return Place{true, st.st_dev, st.st_ino};
  if (errno == ENOENT) return Place{};  // nobody lives there yet
  return Error{"task", "look at", path, errno, "run as root"};
}

/// The only dead init among its children, or kNoTask.
TaskIndex dead_init_of(const TaskTree& tree, const Task& t) {
  TaskIndex found = kNoTask;
  for (TaskIndex c : t.children) {
    if (tree.tasks[c].alive() || tree.tasks[c].space != c) continue;
    if (found != kNoTask) return kNoTask;
    found = c;
  }
  return found;
}

Result<> find_children_space(DumpCtx& ctx, Task& t) {
  const Place own = TRY(look(format("/proc/{}/ns/pid", t.live)));
  for (const Thread& th : t.threads) {
    const std::string path = format("/proc/{}/task/{}/ns/pid_for_children", t.host, th.host);
    const Place place = TRY(look(path));
    if (place == own) continue;
    if (t.threads.size() > 1 || t.leader_exited)
      return refuse(t,
                    "one of its threads has another pid namespace for its children (unshare(2), setns(2)), and "
                    "could not have made the others then");
    if (!place.is_there) {
      t.children_space.kind = ChildrenSpace::Kind::kEmpty;
      return {};
    }
    const std::uint32_t id = ctx.ids.namespaces.id_of(place.dev, place.ino);
    TaskIndex init = kNoTask;
    for (const Task& other : ctx.tree.tasks)
      if (const KobjIds* ids = ctx.models.get<KobjModel>().find(other.pid); ids != nullptr && ids->pid_ns == id)
        init = other.space;
    if (init == kNoTask) init = dead_init_of(ctx.tree, t);
    if (init == kNoTask || init == 0)
      return refuse(t,
                    "its children would be born in a pid namespace (pid_for_children) whose first process is dead "
                    "or outside of the tree");
    t.children_space = {ChildrenSpace::Kind::kOther, init};
  }
  return {};
}

}  // namespace

Result<> find_spaces(TaskTree& tree, const KobjModel& objects) { return Spaces(tree, objects).run(); }

Result<> collect_spaces(DumpCtx& ctx) {
  TRY(find_spaces(ctx.tree, ctx.models.get<KobjModel>()));
  for (Task& t : ctx.tree.tasks)
    if (t.alive()) TRY(find_children_space(ctx, t));
  return {};
}

}  // namespace cr::task
