// pidfds: descriptors of processes and, with PIDFD_THREAD, of threads.
//
// Shown by fdinfo: the pid, -1 when the process is dead and was waited for. Put back by pidfd_open(2) in the owner,
// when every process of the tree exists and those that will be zombies still live. A dead process is played by one
// that is made for the purpose; descriptors of the same dead process lead to the same one. Refused: processes outside
// of the tree; threads other than a main thread, which exist only later.
#pragma once

#include <map>
#include <vector>

#include "core/file_kind.h"

namespace cr::files {

struct Pidfd {
  std::uint64_t inode = 0;  ///< equal: the same process (all alike before Linux 6.9)
  NsPid pid{-1};            ///< -1: dead and gone
};

struct PidfdModel {
  std::map<FileId, Pidfd> all{};
  /// Restore, in the owner: descriptors that wait for their description, all of one dead process.
  std::map<FileId, int> opened{};
};

bool matches_pidfd(const FileProbe& probe);
Result<> collect_pidfd(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_pidfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_pidfd(ReadCtx& ctx, const pb::file_entry& entry);
Result<> plan_pidfd(PlanCtx& ctx);
std::uint64_t group_of_pidfd(const Models& models, FileId id);
Result<UniqueFd> open_pidfd(TaskCtx& ctx, FileId id);

inline constexpr FileKind kPidfdKind{
    .name = "pidfd",
    .type = 20,
    .matches = matches_pidfd,
    .collect = collect_pidfd,
    .write = write_pidfd,
    .read = read_pidfd,
    .group = group_of_pidfd,
    .plan = plan_pidfd,
    .open = open_pidfd,
};

}  // namespace cr::files
