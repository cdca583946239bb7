// Descriptors: which task has which open file description under which number, working and root directories, umask.
//
// Where the kernel shows it: /proc/PID/fd, fdinfo, cwd, root, status; pidfd_getfd(2) gives a copy of a descriptor and
// kcmp(2) tells which descriptors are the same description. Kinds of description are tables of hooks
// (core/file_kind.h); this module names none of them.
//
// How it is put back: every description has one owner, the first live task in tree order whose table holds it. At
// Stage::kOpen the owner opens it under its final number; at kTake everybody else gets it from there by
// pidfd_getfd(2) (connections between tasks are made before, at kJoin); at kConnect queues are filled, epoll targets
// added, owners of signals (F_SETOWN) set. Descriptions that the owner's table does not hold (the other end of a
// pipe, one that is only in flight in a socket, shared memory that is only mapped) stay on service numbers, at or
// above RestoreCtx::first_service_fd, until the restorer closes that whole range as its last act. So before kOpen
// nothing of the engine may be left below first_service_fd.
//
// Refused: kinds that no FileKind matches. File locks: see locks.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/contexts.h"
#include "core/file_kind.h"
#include "core/module.h"
#include "core/ns_kind.h"

namespace cr::files {

/// One descriptor: a number's content in a table.
struct Slot {
  FileId id = 0;
  bool cloexec = false;
};

/// One table of descriptors (kernel's files_struct), shared by all tasks with that files_id.
struct Table {
  std::uint32_t files_id = 0;
  TaskIndex leader = kNoTask;  ///< the first live task in tree order that has it; fills it on restore
  std::map<int, Slot> slots{};
};

struct Fs {
  std::uint32_t fs_id = 0;  ///< restore: tasks with the same one share it (CLONE_FS)
  FileId cwd = 0, root = 0;
  std::optional<std::uint32_t> umask{};
};

/// What all kinds of open file description have in common.
struct Description {
  FileId id = 0;
  const FileKind* kind = nullptr;
  std::uint32_t flags = 0;  ///< O_* without O_CLOEXEC
  std::uint64_t pos = 0;
  FileOwner owner{};
  std::string object{};  ///< for errors: "pid 17 fd 3 (/tmp/x)" on dump, "file 5 (reg)" on restore

  // Dump: where it can be seen; fd is -1 for a cwd, root, exe or mapping.
  HostPid pid{};
  int fd = -1;

  // Restore.
  bool wanted = false;     ///< needed although no table holds it
  std::uint32_t home = 0;  ///< files_id of the owner's table; 0: nobody opens it, see open_path()
  int number = -1;         ///< its number there
};

struct Model {
  std::map<std::uint32_t, Table> tables{};  ///< by files_id
  std::vector<std::uint32_t> table_of{};    ///< by TaskIndex; 0 for a zombie
  std::vector<Fs> fs{};                     ///< by TaskIndex
  std::map<FileId, Description> descriptions{};

  // Restore, set by plan.
  std::map<std::uint32_t, std::vector<FileId>> owned{};  ///< by files_id, in the order of opening
  std::set<FileId> late{};                               ///< opened at Stage::kJoin
  int first_service_fd = 0;                              ///< RestoreCtx::first_service_fd has to be this
  int service_count = 0;  ///< how many service numbers are given out, from first_service_fd + kEngineFds on

  // Restore: service numbers of descriptors that every task inherits.
  int root_fd = -1;                        ///< where absolute paths begin; set by furnish
  std::map<std::string, int> inherited{};  ///< --inherit-fd, by resource; set by reserve_numbers
};

/// Service numbers that are left to the engine itself (image directory, log, pidfds ...).
inline constexpr int kEngineFds = 64;

/// The next service number that nobody has; for use in plan.
inline int take_service_number(Model& model) { return model.first_service_fd + kEngineFds + model.service_count++; }

/// Above all numbers that plan gave out: where descriptors go whose number does not matter.
inline int service_floor(const Model& model) { return model.first_service_fd + kEngineFds + model.service_count; }

// --- dump, for other modules ---

/// The description behind a link of /proc/PID: "exe", "cwd", "root", "map_files/START-END". `flags` are the O_* with
/// which a restore has to open it. Equal files, by device, inode, mount, path and flags, get one id. Errors: open(2),
/// readlink(2), a kind that is not carried, whatever the kind's collect refuses.
Result<FileId> collect_path(DumpCtx& ctx, const Task& task, std::string_view proc_entry, std::uint32_t flags = 0);
/// The same of a mapping, whose path in smaps is `shown`: of a file that is known only its identity is asked for.
Result<FileId> collect_mapped(DumpCtx&, const Task&, std::string_view proc_entry, const std::string& shown);
/// The description that descriptor `fd` of `pid` belongs to, new or known. `pid` may be the engine itself, for what
/// came out of a socket's queue; the descriptor must then stay open until the dump ends. Errors: as collect_path.
Result<FileId> collect_fd(DumpCtx& ctx, HostPid pid, TargetFd fd);

/// A path of which another kind makes the description (a terminal's node): a record of its own among the regular
/// files. Returns its id. Nothing looks at the path on restore. Errors: it lies in a nested mount namespace, and the
/// root task, which will use it, has another file system there.
Result<FileId> add_path(DumpCtx& ctx, const FileProbe& probe, std::string path);

/// The description of which a descriptor has that link in /proc/PID/fd ("socket:[17]"); 0: there is none. Errors:
/// readlink(2).
Result<FileId> open_with_link(const Models& models, std::string_view link);

/// The description of an io_uring by the inode of its mapping; 0: no descriptor of it is open.
FileId ring_with_inode(const Models& models, std::uint64_t inode);

// --- restore, for other modules ---

/// Whether the description is an io_uring, which borrow() has to give for its mappings.
bool is_ring(const Models& models, FileId id);

/// What an io_uring has registered of its process's memory: descriptor, and address and length of each place.
struct RegisteredMemory {
  int fd = -1;
  std::vector<std::uint64_t> parts{};
};
/// Of the rings that `task` has to register the memory for.
std::vector<RegisteredMemory> registered_memory(const Models& models, const Task& task);

/// The path of such a record. After it was taken, plan looks at the file no more. Errors: there is none.
Result<std::string> take_path(ReadCtx& ctx, FileId id);

/// A descriptor of that description in the calling task, whoever owns it. From Stage::kTake on (before, only the
/// owner itself has it). It stands at or above first_service_fd. A description that nobody owns is opened by
/// open_path. Errors: pidfd_getfd(2), open(2).
/// With `flags` it is a new description of the same file, if the owner's has another access mode; for shared memory.
Result<UniqueFd> borrow(TaskCtx& ctx, FileId id, std::optional<std::uint32_t> flags = std::nullopt);
/// Opens a regular file's path right now, privately, with `flags` instead of the recorded ones when given; waits for
/// nobody. At or above first_service_fd. Errors: open(2), a file that is not the one that was dumped, a description
/// that is no regular file.
Result<UniqueFd> open_path(TaskCtx& ctx, FileId id, std::optional<std::uint32_t> flags = std::nullopt);

/// Whether the description is of memory without a name (memfd, shared anonymous mapping), which borrow() has to open.
bool is_memory(const Models&, FileId id);
/// In plan: someone maps that memfd writable although it is sealed against new writable mappings since; the seals
/// that are in the way wait for add_late_seals().
void delay_seals(PlanCtx&, FileId id);
/// In finish: adds them, if any wait; `path` is the /proc link of a descriptor or mapping of that memfd. Errors:
/// open(2), fcntl(F_ADD_SEALS).
Result<> add_late_seals(const Models&, FileId id, const std::string& path);
/// In plan: a process runs that memfd as its program, so that it must not be open for writing anywhere (ETXTBSY).
void use_as_program(PlanCtx&, FileId id);

// --- restore, for the engine, in the coordinator before any module prepares ---

/// Makes room for service numbers: raises the limit of descriptors, moves what the engine has open and what was given
/// by
/// --inherit-fd there, and opens /proc. Errors: setrlimit(2), a descriptor that the caller has not left open.
Result<> reserve_numbers(RestoreCtx& ctx);

// --- restore, for the engine: in every live task, in this order, each at its stage. A task that shares its table
// with one that comes earlier in the tree does nothing in the first four, and must not make descriptors of its own
// in the first three.

bool needs_join(const Models&);
Result<> open_owned(TaskCtx& ctx);  ///< Stage::kOpen: closes everything below first_service_fd, opens what it owns
Result<> join(TaskCtx& ctx);        ///< Stage::kJoin, which is passed only when needs_join()
Result<> take(TaskCtx& ctx);        ///< Stage::kTake: the other descriptors, by pidfd_getfd from their owners
Result<> connect(TaskCtx& ctx);     ///< Stage::kConnect
Result<> restore_fs(TaskCtx& ctx);  ///< root, working directory, umask; after connect, since the root may change

Result<> collect(DumpCtx& ctx);
/// Rings of io_uring: see io_uring.h.
Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session);
Result<> settle(DumpCtx& ctx);
Result<> write(DumpCtx& ctx);
Result<> read(ReadCtx& ctx);
Result<> plan(PlanCtx& ctx);
/// What kinds open in the coordinator.
Result<> prepare(RestoreCtx& ctx);
/// Makes deleted files again. In the root task, whose root is that of the tree.
Result<> furnish(RestoreCtx& ctx);
/// In a task that has made a nested mount namespace, before anybody else lives there: its root and deleted files.
Result<> furnish_in(RestoreCtx& ctx, NsId nested);
/// Owners of signals that are threads, temporary links.
Result<> finish(RestoreCtx& ctx);

inline constexpr Module kModule{
    .name = "files",
    .collect = collect,
    .interrogate = interrogate,
    .settle = settle,
    .write = write,
    .read = read,
    .plan = plan,
    .prepare = prepare,
    .furnish = furnish,
    .finish = finish,
};

}  // namespace cr::files
