// Control groups: which ones each thread is in, on every hierarchy (version 1, 2 and both), their settings, and
// cgroup namespaces.
//
// /proc/PID/task/TID/cgroup has a line for each hierarchy. Their files are reached through mounts of our own that
// nobody sees (fsmount(2)), or below --cgroup-yard. Settings are taken without a list: every file of a group that can
// be read and written, but for those that do something when they are written (properties.cc).
//
// Put back (--manage-cgroups): the coordinator makes groups and opens their member lists before any process exists;
// each task enters its own right after its birth, so that everything it uses is counted there; settings that a group
// needs before it takes members come first, limits when the tree is complete, freezing not at all (a frozen tree
// can't be dumped). Threads that are elsewhere than their process are moved at the end.
// A cgroup namespace is rooted where its first process is when it is made: that one stops by there.
//
// Refused: a group that has to be there and is not, or the other way round; a setting that can't be made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/module.h"
#include "core/ns_kind.h"
#include "core/sharing.h"

namespace cr::cgroup {

/// One line of /proc/PID/cgroup.
struct Member {
  std::string name{};           ///< "cpu,cpuacct", "name=systemd"; empty: version 2
  std::string path{};           ///< from the root of the dumper's cgroup namespace
  std::uint32_t ns_prefix = 0;  ///< how much of the path is the root of the task's cgroup namespace
  friend bool operator==(const Member&, const Member&) = default;
};
using Set = std::vector<Member>;

struct Perms {
  std::uint32_t mode = 0, uid = 0, gid = 0;
};
struct Property {
  std::string name{}, value{};
  Perms perms{};
};
struct Group {
  std::string name{};  ///< of a head the whole path without the first slash, of others the last part
  Perms perms{};
  std::vector<Property> properties{};
  std::vector<Group> children{};
};
struct Hierarchy {
  std::string name{};
  std::vector<Group> heads{};
};

/// Groups that a restore has made; taken away again when it fails.
struct MadeGroups {
  std::vector<std::pair<int, std::string>> all{};  ///< root of the hierarchy, path
  int maker = 0;
  bool keep = false;
  ~MadeGroups();
};

/// A group whose settings are to be restored.
struct GroupToSet {
  std::string hierarchy{}, path{};
  const Group* group = nullptr;
  bool made = false;
};

struct Model {
  std::vector<Set> sets{};                     ///< number n is id n + 1
  std::map<NsPid, std::uint32_t> of_thread{};  ///< by tid; 0: none
  std::uint32_t root_set = 1;                  ///< the dumper's own
  std::vector<Hierarchy> hierarchies{};

  // Restore, set by prepare; descriptors on service numbers.
  std::map<std::string, int> roots{};                            ///< by name
  std::map<std::pair<std::string, std::string>, int> members{};  ///< (name, path) -> its cgroup.procs
  std::vector<GroupToSet> to_set{};                              ///< settings that wait for the end
  MadeGroups made{};
  std::uint32_t here = 0;  ///< the set that this process is in; each has its own copy
};

Result<> collect(DumpCtx& ctx);
Result<> write(DumpCtx& ctx);
Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core);
Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core);
Result<> read(ReadCtx& ctx);
Result<> plan(PlanCtx& ctx);
Result<> prepare(RestoreCtx& ctx);
Result<> finish(RestoreCtx& ctx);
/// What was made stays.
Result<> unlock(RestoreCtx& ctx);

/// In a task, right after its birth: goes to its groups, or to where its cgroup namespace begins when that is to be
/// made. `maker` has the ids of who made it.
Result<> join(TaskCtx& ctx, const KobjIds& maker);
/// In the first process of a cgroup namespace: goes on from its root.
Result<> fill_namespace(RestoreCtx& ctx, NsId id);

/// Bytes that a process may take until one of its groups is at its limit, page cache left aside that the kernel can
/// drop; nothing: there is no limit. Follows Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
/// Errors: read(2), fsopen(2).
Result<std::optional<std::uint64_t>> memory_left(HostPid pid);

inline constexpr Module kModule{
    .name = "cgroup",
    .collect = collect,
    .write = write,
    .write_core = write_core,
    .read = read,
    .read_core = read_core,
    .plan = plan,
    .prepare = prepare,
    .finish = finish,
    .unlock = unlock,
};

inline constexpr NsKind kNsKind{
    .name = "cgroup",
    .clone_flag = 0x02000000 /* CLONE_NEWCGROUP */,
    .id = &KobjIds::cgroup_ns,
    .fill = fill_namespace,
};

}  // namespace cr::cgroup
