// Descriptions that can be opened only at the end of a restore, since what they are of is made by the restorer:
// pidfds of threads other than main threads (PIDFD_THREAD, Linux 6.9), and files of /proc/PID that show such a
// thread, a descriptor or a mapping: task/TID, fdinfo/N, and the links fd/N and map_files/START-END, opened by
// O_PATH.
//
// Until then a placeholder has the number: for a file, the directory that it is opened from. When all threads of the
// tree exist, the restorer of each table opens what the table owns, and takes the rest from the owners
// (files/restorer.h).
//
// Refused, by check_belated(): one that only a message in flight has, that is also in one, that has an owner of
// signals or a lock, that is registered with a ring, or that is shared with a process that does not see its owner or
// lives in another user namespace. As a working directory or root, by regular.cc.
#pragma once

#include <fcntl.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/arena_builder.h"
#include "core/contexts.h"
#include "core/file_kind.h"
#include "files/wire.h"

namespace cr::files {

/// One of the two.
struct BelatedFile {
  NsPid thread{};      ///< of a pidfd
  std::string name{};  ///< relative to the placeholder
};

struct Belated {
  std::map<FileId, BelatedFile> all{};
};

/// PIDFD_THREAD and PIDFD_NONBLOCK.
inline constexpr std::uint32_t kPidfdFlags = O_EXCL | O_NONBLOCK;

struct LateName {
  std::string directory{}, rest{};
  friend bool operator==(const LateName&, const LateName&) = default;
};
/// Takes such a path apart: "/proc/17/task" and "18/comm". Nothing: the file is there with its process.
std::optional<LateName> late_name(std::string_view path);

/// What has the number of a pidfd until its thread exists. Errors: eventfd(2).
Result<UniqueFd> placeholder_of_thread(const std::string& object);

/// In settle, when all kinds have settled.
Result<> check_belated(const DumpCtx& ctx);
/// What the restorer of the task has to open.
Result<> fill_process(const TaskCtx& ctx, RestoreProcess& out, ArenaBuilder& arena);

}  // namespace cr::files
