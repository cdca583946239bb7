// File locks: POSIX record locks, open-file-description locks, flock(2) locks, leases.
//
// Shown by the "lock:" lines of /proc/PID/fdinfo/N. Put back in Stage::kConnect, when every descriptor has its
// number: by the task whose table owns a POSIX lock, for the others by the one who took them if it still has the
// description. Carried without an option. Whoever waits for a lock waits again, by the restart of its system call.
// Refused: a lock of a description that a process outside shares, which would go on holding it; a lease that is being
// broken; other kinds (delegations, layouts).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_kind.h"

namespace cr::files {

/// The kernel's FL_*, as the images have them.
enum class LockKind : std::uint32_t { kPosix = 1, kFlock = 2, kLease = 32, kOfd = 1024 };

struct FileLock {
  LockKind kind = LockKind::kPosix;
  std::uint32_t type = 0;  ///< F_RDLCK, F_WRLCK
  std::int64_t start = 0;
  std::int64_t len = 0;        ///< 0: up to the end of the file
  int taker = 0;               ///< pid of who took it, as /proc shows it; -1: an OFD lock tells nobody
  FileId id = 0;               ///< the description
  std::uint32_t files_id = 0;  ///< the table that owns it (POSIX), or one that has the description
  int fd = -1;                 ///< its number there
  std::string object{};        ///< for errors
};

struct LockModel {
  std::vector<FileLock> all{};
};

/// One "lock:" line, without that label. Errors: a kind or state that is not carried; the object is left empty.
Result<FileLock> parse_lock(std::string_view line);
/// Dump: the locks that fdinfo shows of a descriptor of the tree.
Result<> note_locks(DumpCtx& ctx, HostPid pid, int fd, FileId id, const std::vector<std::string>& lines);
/// Dump: chooses who takes each lock again. Errors: a description that is shared with the outside.
Result<> settle_locks(DumpCtx& ctx);
Result<> write_locks(DumpCtx& ctx);
Result<> read_locks(ReadCtx& ctx);
/// Restore, in the first task of each table. Errors: somebody outside has a conflicting lock by now.
Result<> take_locks(const TaskCtx& ctx, std::uint32_t files_id);

}  // namespace cr::files
