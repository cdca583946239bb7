// autofs whose daemon is in the tree.
//
// Where the kernel shows it: the options in mountinfo name the process group of the daemon, which the kernel lets
// through where others wait, and the pipe by which it asks. What is in the file system are directories, where the
// daemon mounts.
//
// How it is put back: a child of the task that makes the mounts mounts it anew with a pipe that nobody reads, makes
// the directories, which only the daemon's group may, and makes it catatonic: it asks nobody. When the daemon has its
// descriptors it hands the kernel the end of its pipe, by which its own group becomes the daemon's.
//
// Refused: when a request waits, when nobody in the tree would answer, in user namespaces and in all mount namespaces
// but the first.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "core/contexts.h"
#include "core/ns_kind.h"

namespace cr::mnt {

struct Mount;
struct Namespace;

/// One file system.
struct Automount {
  struct Directory {
    std::string path{};  ///< below the root, parents first
    std::uint32_t mode = 0;
  };
  NsPid group;  ///< of the daemon
  long timeout = 0;
  int minproto = 0, maxproto = 0;
  int write_number = -1,
      read_number = -1;  ///< of its pipe, in the daemon; the former may be that of something else by now
  bool own_end = false;  ///< write_number is the description that the kernel writes to
  std::vector<Directory> directories{};

  // Dump.
  std::uint64_t pipe = 0;  ///< inode
  int group_outside = 0;

  // Restore.
  TaskIndex daemon = kNoTask;
  int root_number = -1;  ///< service number: its root, in the maker and all who come after it
};

/// The value of an option among those that mountinfo shows; empty: it is not there.
std::string_view option_value(std::string_view options, std::string_view name);
/// What mountinfo shows without what is said otherwise: "minproto=5,maxproto=5,indirect".
std::string lasting_options(std::string_view options);

struct Origin;
/// Finds those that a restore has to make. Errors: one that asks nobody any more, or can't be made there.
Result<> collect_automounts(DumpCtx& ctx, NsId id, const std::vector<Origin>& origins, const std::vector<Mount>& all);
/// When descriptors are known: who the daemons are. Errors: a request waits; nobody reads the pipe.
Result<> settle_automounts(DumpCtx& ctx);
Result<> write_automounts(DumpCtx& ctx, const Namespace& ns);
Result<> read_automounts(const ReadCtx& ctx, Namespace& ns);
/// Errors: there is no such daemon in the tree.
Result<> plan_automounts(PlanCtx& ctx);
/// In the coordinator. Errors: the kernel has no autofs.
Result<> open_automount_control(RestoreCtx& ctx);
/// Makes one, catatonic; its root gets its service number too.
Result<UniqueFd> make_automount(const Mount& m, const Automount& a);
/// In each task: those whose daemon it is ask it from now on.
Result<> wake_automounts(TaskCtx& ctx);

}  // namespace cr::mnt
