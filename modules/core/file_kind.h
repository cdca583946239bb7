// A kind of file description (pipe, eventfd, ...): one constexpr object, one line in engine/modules.h.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/contexts.h"

namespace cr::pb {
class file_entry;
}

namespace cr {

/// Id of an open file description in the images (file_entry.id); 0 is none.
using FileId = std::uint32_t;

/// Who gets SIGIO for a description: F_GETOWN_EX, F_GETSIG and the ids of the one who set it.
struct FileOwner {
  std::uint32_t uid = 0, euid = 0, signum = 0;
  std::uint32_t pid_type = 0;  ///< kernel's enum pid_type as fown_entry keeps it: 0 PID, 1 TGID, 2 PGID
  std::uint32_t pid = 0;       ///< in the pid namespace of the root task; 0 none
};

/// What is known of one description when its kind is asked to collect it. `fd` is a copy made by pidfd_getfd:
/// it shares the description with the target, so neither its offset nor its flags may be touched.
struct FileProbe {
  HostPid pid;              ///< a task that has it
  TargetFd target_fd;       ///< its number there, -1 for a cwd, root, exe or mapping
  int fd = -1;              ///< the engine's copy
  struct stat st {};        ///< fstat of it
  std::string link;         ///< /proc/PID/fd/N, e.g. "/tmp/x (deleted)", "pipe:[123]", "anon_inode:[eventfd]"
  std::string fdinfo;       ///< text of /proc/PID/fdinfo/N; empty for a cwd, root or exe
  std::uint32_t flags = 0;  ///< O_* of the description, without O_CLOEXEC
  std::uint64_t pos = 0;
  MountId mount{-1};
  FileOwner owner;

  /// "pid 17 fd 3 (link)": the object of every Error about it.
  std::string name() const;
};

/// The hooks of one kind. Those of the dump side run in the engine; open and connect run in the restored task
/// that owns the description.
struct FileKind {
  const char* name;
  std::uint32_t type;  ///< fd_types of the image format

  /// Whether this kind is the one for the description. Asked in table order.
  bool (*matches)(const FileProbe&);
  /// Takes the state into the kind's Model under `id`.
  Result<> (*collect)(DumpCtx&, const FileProbe&, FileId id);
  /// After the whole tree was collected: match ends, read queues, refuse. Once per dump. Optional.
  Result<> (*settle)(DumpCtx&) = nullptr;
  Result<> (*write)(const DumpCtx&, FileId, pb::file_entry&);
  /// Writes other image files that belong to the kind (pipes-data ...). Once per dump. Optional.
  Result<> (*write_images)(DumpCtx&) = nullptr;

  /// Takes one record of files.img into the Model.
  Result<> (*read)(ReadCtx&, const pb::file_entry&);
  /// Reads those other images. Once per restore. Optional.
  Result<> (*read_images)(ReadCtx&) = nullptr;
  /// Descriptions with the same non-zero key are opened by one task (both ends of a pipe). Optional.
  std::uint64_t (*group)(const Models&, FileId) = nullptr;
  /// The files_id of the table whose leader must be the one that opens it, since the kernel notes who that was; the
  /// same for all of a group. 0: whoever. Optional.
  std::uint32_t (*opener)(const Models&, const TaskTree&, FileId) = nullptr;
  /// Whether it can be opened only when others have been: at Stage::kJoin. Optional.
  bool (*late)(const Models&, FileId) = nullptr;
  /// Decides and refuses from the Models alone; `plan` of module files has chosen the owners. Once per restore.
  /// Optional.
  Result<> (*plan)(PlanCtx&) = nullptr;
  /// In the coordinator, before any process exists: opens what can be had only there. Once per restore. Optional.
  Result<> (*prepare)(RestoreCtx&) = nullptr;
  /// As Module::furnish: in the root task, before the others are forked. Once per restore. Optional.
  Result<> (*furnish)(RestoreCtx&) = nullptr;
  /// In the coordinator, when every task is complete. Once per restore. Optional.
  Result<> (*finish)(RestoreCtx&) = nullptr;
  /// Makes the description, offset, flags and all. Waits for nobody. The members of a group are opened one
  /// after the other, in the order of their ids, by one task.
  Result<UniqueFd> (*open)(TaskCtx&, FileId);
  /// At Stage::kJoin, if there is one, when the task has opened its late ones. Once per table. Optional.
  Result<> (*join)(TaskCtx&) = nullptr;
  /// When every task has its descriptors under their numbers: fill queues, add epoll targets. In one task that
  /// has `fd` for the description. Optional.
  Result<> (*connect)(TaskCtx&, FileId, int fd) = nullptr;
};

/// The table of kinds, in matching order. Defined where all modules are known: engine/modules.cc.
std::span<const FileKind* const> file_kinds();

}  // namespace cr
