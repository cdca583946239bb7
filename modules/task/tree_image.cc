// pstree.img and ids-<pid>.img.
#include <algorithm>
#include <map>
#include <set>

#include "base/format.h"
#include "task/core.pb.h"
#include "task/ids_image.h"
#include "task/pstree.pb.h"
#include "task/tree.h"

namespace cr::task {
namespace {

Error damaged(const std::string& what, const char* why) {
  return Error{"task", "use", what + " of pstree.img", 0, std::string(why) + "; the image is damaged"};
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
    if (tid == 0) continue;  // what a zombie's record has in the place of its threads
    if (!tids.insert(static_cast<int>(tid)).second) return damaged(format("thread {}", tid), "it stands there twice");
    t.threads.push_back({NsPid{static_cast<int>(tid)}, {}});
  }
  if (!t.threads.empty() && t.threads.front().tid != t.pid)
    return damaged(format("pid {}", t.pid), "its first thread is not the leader");
  if (t.threads.empty()) t.state = TaskState::kZombie;
  by_pid[t.pid.value] = t.index;
  tree.tasks.push_back(std::move(t));
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
    for (const Thread& th : t.threads) e.add_threads(static_cast<std::uint32_t>(th.tid.value));
    if (t.threads.empty()) e.add_threads(0);
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
  while (TRY(image.next(e))) TRY(add_task(ctx.tree, by_pid, tids, e));
  if (ctx.tree.tasks.empty() || !ctx.tree.root().alive()) return damaged("the first record", "it is no live task");
  KobjModel& m = ctx.models.edit<KobjModel>();
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    auto ids_image = TRY(ctx.images.image(core::ImageType::kIds, static_cast<std::uint64_t>(t.pid.value)));
    pb::task_kobj_ids_entry ids;
    TRY(ids_image.only(ids));
    m.of[t.pid] = get_ids(ids);
  }
  return {};
}

}  // namespace cr::task
