// pidfds: descriptors of processes and, with PIDFD_THREAD, of threads.
//
// Shown by fdinfo: the pid, -1 when the process is dead and was waited for; how that one ended by PIDFD_GET_INFO
// (6.15). Put back by pidfd_open(2) in the owner, when every process of the tree exists and those that will be
// zombies still live. A dead process is played by one that is made for the purpose and ends in the same way;
// descriptors of the same dead process lead to the same one. Those of threads other than a main thread are opened by
// the restorer: see belated.h. A process outside of the tree is looked for by the coordinator; when it has ended
// since, its descriptor is that of a dead process, as it would be had the tree gone on.
//
// Refused: a process outside whose pid namespace the engine does not see; on restore, on another system, any outside.
// How a process has ended that was killed before 6.15, or outside between dump and restore: as if by SIGKILL.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/file_kind.h"
#include "files/outside_process.h"

namespace cr::files {

struct Pidfd {
  std::uint64_t inode = 0;      ///< equal: the same process (all alike before Linux 6.9)
  NsPid pid{-1};                ///< of a process or thread of the tree; -1: dead and gone; 0: outside of the tree
  bool thread = false;          ///< a thread that is not a main thread
  std::optional<int> status{};  ///< how a dead one has ended, as wait(2) gives it
  std::optional<OutsideProcess> outside{};

  int service_fd = -1;  ///< restore: of a process outside that still lives
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
Result<> prepare_pidfds(RestoreCtx& ctx);
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
    .prepare = prepare_pidfds,
    .open = open_pidfd,
};

}  // namespace cr::files
