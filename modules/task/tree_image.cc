// pstree.img and ids-<pid>.img.
#include <algorithm>
#include <map>
#include <set>

#include "base/format.h"
#include "core/manifest.h"
#include "task/core.pb.h"
#include "task/ids_image.h"
#include "task/pstree.pb.h"
#include "task/tree.h"

namespace cr::task {
namespace {

Error damaged(const std::string& what, const char* why) {
  return Error{"task", "use", what + " of pstree.img", 0, std::string(why) + "; the image is damaged"};
}

void put_number(pb::pstree_entry& e, int thread, int number) {
  while (e.cr_threads_size() <= thread) e.add_cr_threads();
  e.mutable_cr_threads(thread)->add_tid(static_cast<std::uint32_t>(number));
}

/// The numbers in pid namespaces below the root's.
void put_levels(const TaskTree& tree, const Task& t, pb::pstree_entry& e) {
  for (const PidLevel& level : t.inner) {
    pb::cr_pid_level& out = *e.add_cr_levels();
    out.set_pid(static_cast<std::uint32_t>(level.pid));
    out.set_pgid(static_cast<std::uint32_t>(level.pgid));
    out.set_sid(static_cast<std::uint32_t>(level.sid));
  }
  if (!t.inner.empty() && t.leader_exited)
    for (const PidLevel& level : t.inner) put_number(e, 0, level.pid);
  for (std::size_t i = 0; i < t.threads.size(); ++i)
    for (int number : t.threads[i].inner) put_number(e, static_cast<int>(i + t.leader_exited), number);
  const ChildrenSpace& children = t.children_space;
  if (children.kind == ChildrenSpace::Kind::kEmpty) e.set_cr_children_init(0);
  if (children.kind == ChildrenSpace::Kind::kOther)
    e.set_cr_children_init(static_cast<std::uint32_t>(tree.tasks[children.init].pid.value));
}

/// What of it concerns the task alone; its threads are there already.
Result<> get_levels(Task& t, const pb::pstree_entry& e) {
  for (const pb::cr_pid_level& in : e.cr_levels())
    t.inner.push_back({static_cast<int>(in.pid()), static_cast<int>(in.pgid()), static_cast<int>(in.sid())});
  for (const PidLevel& level : t.inner)
    if (level.pid <= 0) return damaged(format("pid {}", t.pid), "it has no number in its pid namespace");
  if (t.inner.empty() || t.threads.empty()) return {};
  if (e.cr_threads_size() != static_cast<int>(t.threads.size()))
    return damaged(format("pid {}", t.pid), "its threads have no numbers in its pid namespace");
  for (std::size_t i = 0; i < t.threads.size(); ++i) {
    for (std::uint32_t tid : e.cr_threads(static_cast<int>(i)).tid())
      t.threads[i].inner.push_back(static_cast<int>(tid));
    if (t.threads[i].inner.size() != t.inner.size())
      return damaged(format("thread {}", t.threads[i].tid), "its numbers don't fit its pid namespace");
  }
  return {};
}

/// Builds the tree out of the records. Everything that later code indexes by is checked here.
Result<> add_task(TaskTree& tree, std::map<int, TaskIndex>& by_pid, std::set<int>& tids, const pb::pstree_entry& e) {
  Task t;
  t.index = tree.tasks.size();
  t.pid = NsPid{static_cast<int>(e.pid())};
  t.pgid = NsPid{static_cast<int>(e.pgid())};
  t.sid = NsPid{static_cast<int>(e.sid())};
  if (t.pid.value <= 0 || by_pid.contains(t.pid.value)) return damaged(format("pid {}", t.pid), "not a new pid");
  if (!tree.tasks.empty()) {
    auto parent = by_pid.find(static_cast<int>(e.ppid()));
    if (parent == by_pid.end()) return damaged(format("pid {}", t.pid), "its parent is not in the tree");
    t.parent = parent->second;
    tree.tasks[t.parent].children.push_back(t.index);
  }
  for (std::uint32_t tid : e.threads()) {
    // What a zombie's record has in the place of its threads: 0, or of CRIU 3.x a number that says nothing. That the
    // task is one is checked when its core image is read.
    if (tid == 0 || (e.threads_size() == 1 && static_cast<int>(tid) != t.pid.value)) continue;
    if (!tids.insert(static_cast<int>(tid)).second) return damaged(format("thread {}", tid), "it stands there twice");
    t.threads.push_back({NsPid{static_cast<int>(tid)}, {}});
  }
  if (!t.threads.empty() && t.threads.front().tid != t.pid)
    return damaged(format("pid {}", t.pid), "its first thread is not the leader");
  if (t.threads.empty()) t.state = TaskState::kZombie;
  TRY(get_levels(t, e));
  if (tree.tasks.empty() && !t.inner.empty())
    return damaged("the root", "it has numbers below its own pid namespace");
  by_pid[t.pid.value] = t.index;
  tree.tasks.push_back(std::move(t));
  return {};
}

Result<> set_children_space(const TaskTree& tree, Task& t, int init) {
  if (init == 0) {
    t.children_space.kind = ChildrenSpace::Kind::kEmpty;
    return {};
  }
  const Task* other = tree.find(NsPid{init});
  if (other == nullptr || other->space != other->index || other->index == t.space ||
      !tree.is_seen_in(t.space, other->index))
    return damaged(format("pid {}", t.pid), "its children are born in no pid namespace of the tree");
  t.children_space = {ChildrenSpace::Kind::kOther, other->index};
  return {};
}

}  // namespace

void put_ids(const KobjIds& ids, pb::task_kobj_ids_entry& e) {
  e.set_vm_id(ids.vm);
  e.set_files_id(ids.files);
  e.set_fs_id(ids.fs);
  e.set_sighand_id(ids.sighand);
  e.set_pid_ns_id(ids.pid_ns);
  e.set_net_ns_id(ids.net_ns);
  e.set_ipc_ns_id(ids.ipc_ns);
  e.set_uts_ns_id(ids.uts_ns);
  e.set_mnt_ns_id(ids.mnt_ns);
  e.set_user_ns_id(ids.user_ns);
  e.set_cgroup_ns_id(ids.cgroup_ns);
  if (ids.time_ns != 0) e.set_time_ns_id(ids.time_ns);
}

KobjIds get_ids(const pb::task_kobj_ids_entry& e) {
  return {e.vm_id(),     e.files_id(),  e.fs_id(),     e.sighand_id(), e.pid_ns_id(),    e.net_ns_id(),
          e.ipc_ns_id(), e.uts_ns_id(), e.mnt_ns_id(), e.user_ns_id(), e.cgroup_ns_id(), e.time_ns_id()};
}

Result<> write_tree(DumpCtx& ctx) {
  auto image = TRY(ctx.images.create(core::ImageType::kPstree));
  for (const Task& t : ctx.tree.tasks) {
    pb::pstree_entry e;
    e.set_pid(static_cast<std::uint32_t>(t.pid.value));
    e.set_ppid(t.parent == kNoTask ? 0 : static_cast<std::uint32_t>(ctx.tree.tasks[t.parent].pid.value));
    e.set_pgid(static_cast<std::uint32_t>(t.pgid.value));
    e.set_sid(static_cast<std::uint32_t>(t.sid.value));
    if (t.leader_exited) e.add_threads(static_cast<std::uint32_t>(t.pid.value));
    for (const Thread& th : t.threads) e.add_threads(static_cast<std::uint32_t>(th.tid.value));
    if (t.threads.empty()) e.add_threads(0);
    put_levels(ctx.tree, t, e);
    if (e.cr_levels_size() > 0 || e.has_cr_children_init()) ctx.images.require(core::kPidLevels);
    TRY(image.write(e));
  }
  TRY(image.close());
  for (const auto& [pid, ids] : ctx.models.get<KobjModel>().of) {
    auto ids_image = TRY(ctx.images.create(core::ImageType::kIds, static_cast<std::uint64_t>(pid.value)));
    pb::task_kobj_ids_entry e;
    put_ids(ids, e);
    TRY(ids_image.write(e));
    TRY(ids_image.close());
  }
  return {};
}

Result<> read_tree(ReadCtx& ctx) {
  auto image = TRY(ctx.images.image(core::ImageType::kPstree));
  std::map<int, TaskIndex> by_pid;
  std::set<int> tids;
  pb::pstree_entry e;
  std::vector<std::pair<TaskIndex, int>> inits;
  while (TRY(image.next(e))) {
    TRY(add_task(ctx.tree, by_pid, tids, e));
    if (e.has_cr_children_init())
      inits.emplace_back(ctx.tree.tasks.back().index, static_cast<int>(e.cr_children_init()));
  }
  if (ctx.tree.tasks.empty() || !ctx.tree.root().alive()) return damaged("the first record", "it is no live task");
  KobjModel& m = ctx.models.edit<KobjModel>();
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    auto ids_image = TRY(ctx.images.image(core::ImageType::kIds, static_cast<std::uint64_t>(t.pid.value)));
    pb::task_kobj_ids_entry ids;
    TRY(ids_image.only(ids));
    m.of[t.pid] = get_ids(ids);
    ++m.users_of_files[m.of[t.pid].files];
  }
  TRY(find_spaces(ctx.tree, m));
  for (const auto& [task, init] : inits) TRY(set_children_space(ctx.tree, ctx.tree.tasks[task], init));
  return {};
}

}  // namespace cr::task
