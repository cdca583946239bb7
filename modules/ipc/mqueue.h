// POSIX message queues (mq_overview(7)) that a task has open: name, attributes, messages, descriptors.
//
// Shown by fstat and statfs (mqueue file system), mq_getattr(3), a read(2) of the descriptor (whose text says who is
// to be notified). No call looks at a message without taking it. So they are taken and put back, in the order in
// which they are received, while nobody can use the queue: the tree stands still, and a queue that a process outside
// has open too is refused. A child process does that, which goes on when the engine is killed meanwhile. Put back by
// the task that owns the first description: it makes the queue under its name, fills it, removes the name again if it
// had none any more, and opens every description through /proc/self/fd. Refused: queues with a notification to come
// (mq_notify), whose value nobody can read; queues of an ipc namespace of the tree's own that no task has open. Not
// carried: times.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/file_kind.h"

namespace cr::ipc {

struct QueueMessage {
  std::uint32_t priority = 0;
  std::string content{};
};

struct PosixQueue {
  std::string name{};
  bool unlinked = false;
  std::uint32_t uid = 0, gid = 0, mode = 0;
  std::uint64_t max_messages = 0, message_size = 0;
  std::vector<QueueMessage> messages{};
  std::uint64_t inode = 0, changed = 0;  ///< at the time of the dump; changed is the ctime in ns

  // Dump: a description of our own.
  UniqueFd access{};
  std::string object{};
  // Restore.
  bool left_over = false;  ///< the queue of the dump is still there
  int fd = -1;             ///< in the owner while it opens
  std::string made_as{};   ///< the name it has meanwhile
  FileId last = 0;         ///< the last description of it
};

struct PosixQueueModel {
  std::map<std::uint32_t, PosixQueue> queues{};
  std::map<FileId, std::uint32_t> queue_of{};
};

bool matches_mqueue(const FileProbe& probe);
Result<> collect_mqueue(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_mqueue(DumpCtx& ctx);
Result<> write_mqueue(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> require_mqueue(DumpCtx& ctx);
Result<> read_mqueue(ReadCtx& ctx, const pb::file_entry& entry);
std::uint64_t group_of_mqueue(const Models& models, FileId id);
Result<> plan_mqueue(PlanCtx& ctx);
/// In the coordinator, before the fork: names that are made from now on go away with it if the restore fails.
Result<> watch_queue_names(RestoreCtx& ctx);
Result<> finish_mqueue(RestoreCtx& ctx);
Result<UniqueFd> open_mqueue(TaskCtx& ctx, FileId id);

inline constexpr FileKind kMqueueKind{
    .name = "mqueue",
    .type = 1000,
    .matches = matches_mqueue,
    .collect = collect_mqueue,
    .settle = settle_mqueue,
    .write = write_mqueue,
    .write_images = require_mqueue,
    .read = read_mqueue,
    .group = group_of_mqueue,
    .plan = plan_mqueue,
    .finish = finish_mqueue,
    .open = open_mqueue,
};

}  // namespace cr::ipc
