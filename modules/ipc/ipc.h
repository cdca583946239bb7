// System V objects: shared memory segments, semaphore sets, message queues, and the settings of their namespace.
//
// Shown by shmctl, semctl and msgctl (SHM_STAT_ANY walks all), msgrcv(MSG_COPY), which takes nothing away, and
// /proc/sys/kernel. Which task has a segment attached is in /proc/PID/maps: the inode is the id. What a task would
// undo at its end (SEM_UNDO) no interface tells, but an operation that must fail shows it: undo.h.
//
// Objects of the dumper's own namespace outlive their processes and have no owner. Those count as the tree's that one
// of its tasks has attached, has made (segments), has used last or waits on. The dump leaves them where they are. If
// a process outside uses one of them too, it is refused by name. Objects that no task of the tree has touched yet are
// left alone. A namespace of the tree's own is carried whole.
//
// Put back before the first fork, in a namespace of its own by its first process, with ids forced by
// /proc/sys/kernel/*_next_id; segments are attached by the restorer. What is still there of the dump (same id, key,
// size and owner, and not changed since or last used by a task of the tree) is made anew; anything else under such an
// id or key is refused. Not carried: the pids and times of segments and queues, the times of semaphore sets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "core/module.h"
#include "core/ns_kind.h"

namespace cr::ipc {

/// What all three kinds have in common.
struct Object {
  int id = 0;
  std::int32_t key = 0;
  std::uint32_t uid = 0, gid = 0, cuid = 0, cgid = 0;
  std::uint32_t mode = 0;       ///< permission bits; of a segment also SHM_DEST and SHM_LOCKED
  std::int64_t changed = 0;     ///< ctime: made or given another owner, seconds
  std::vector<int> users = {};  ///< dump: host pids that made it or used it last, 0 left out
};

struct Segment : Object {
  std::uint64_t size = 0;
  std::uint32_t huge = 0;           ///< log2 of the page size << 26, 0 for ordinary pages
  bool in_pagemap = false;          ///< content is in pagemap-shmem-<id>, otherwise in `raw`
  std::vector<std::uint8_t> raw{};  ///< restore
  std::uint64_t attachments = 0;    ///< dump: by all processes
  std::uint64_t own = 0;            ///< dump: mappings in the tree
  UniqueFd content{};               ///< dump: a readable description
};

struct Semaphores : Object {
  std::vector<std::uint16_t> values{};
  std::vector<int> pids{};  ///< who changed each last: host pid on dump, pid of the tree on restore, 0 unknown
  bool awaited = false;     ///< dump: somebody outside waits on it
};

struct Message {
  std::int64_t type = 0;
  std::vector<std::uint8_t> bytes{};
};

struct Queue : Object {
  std::uint64_t capacity = 0;  ///< bytes (msg_qbytes)
  std::vector<Message> messages{};
};

/// What a task would add to a semaphore at its end.
struct Undo {
  NsPid task;
  std::uint16_t number = 0;
  std::int16_t value = 0;
};

/// Settings of a namespace, /proc/sys: in the order of kSettings.
struct Settings {
  std::vector<std::uint64_t> semaphores{};  ///< the four of kernel.sem
  std::map<std::string, std::int64_t> values{};
};

/// One namespace.
struct Space {
  std::map<int, Segment> segments{};
  std::map<int, Semaphores> semaphores{};
  std::map<int, Queue> queues{};
  std::map<int, std::vector<Undo>> undo{};  ///< by id of the set
  Settings settings{};                      ///< of a namespace of the tree's own
};

struct Model {
  std::map<NsId, Space> spaces{};
  std::map<NsId, Space> host_objects{};  ///< dump: all that the dumper's namespace has; settle() picks the tree's
};

/// For mm: the mapping START-END of `task` is of that segment. Errors: there is none.
Result<> note_attachment(DumpCtx& ctx, const Task& task, int id, const std::string& map_file);
/// For mm: the segment that a mapping of `task` is of, or nullptr.
const Segment* find_segment(const Models& models, const Task& task, int id);

// Hooks.
Result<> collect(DumpCtx& ctx);
Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session);
Result<> settle(DumpCtx& ctx);
Result<> write(DumpCtx& ctx);
Result<> read(ReadCtx& ctx);
Result<> plan(PlanCtx& ctx);
Result<> prepare(RestoreCtx& ctx);
Result<> enter(TaskCtx& ctx);
Result<> finish(RestoreCtx& ctx);
Result<> unlock(RestoreCtx& ctx);

inline constexpr Module kModule{
    .name = "ipc",
    .collect = collect,
    .interrogate = interrogate,
    .settle = settle,
    .write = write,
    .read = read,
    .plan = plan,
    .prepare = prepare,
    .enter = enter,
    .finish = finish,
    .unlock = unlock,
};

// A namespace of the tree's own.
Result<> collect_namespace(DumpCtx& ctx, NsId id, const Task& member);
Result<> read_namespace(ReadCtx& ctx, NsId id);
/// Errors: objects for a namespace that is joined (--join-ns), where others may have them already.
Result<> plan_namespace(PlanCtx& ctx, NsId id);
Result<> fill_namespace(RestoreCtx& ctx, NsId id);

inline constexpr NsKind kNamespace{
    .name = "ipc",
    .clone_flag = 0x08000000 /* CLONE_NEWIPC */,
    .id = &KobjIds::ipc_ns,
    .collect = collect_namespace,
    .read = read_namespace,
    .plan = plan_namespace,
    .fill = fill_namespace,
};

}  // namespace cr::ipc
