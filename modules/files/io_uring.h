// Rings of io_uring(7) that are idle: entries that nobody has submitted, results that nobody has read, registered
// files, memory and eventfd.
//
// Shown by fdinfo (sizes, counters, registered files by their paths, registered memory, requests in flight as far as
// they are in its table), by what calls answer that change nothing (io_uring_probe.h), and by the shared memory,
// which the engine maps by a copy of the descriptor. A registered file is the one of that path that the process has
// open; sockets have paths of their own, of all others there must be one only (so not of a pipe with both ends). A
// registered eventfd is the only one that the process has.
//
// A ring of one thread (IORING_SETUP_SINGLE_ISSUER) answers only that: the parasite asks in each thread. So it does
// for rings that a thread has registered for itself.
//
// Put back by io_uring_setup(2) and as many requests that do nothing as bring the kernel's counters to where they
// were; then the content is written over it, and files and eventfd are registered when all descriptors are there. The
// restorer maps it (mm/restorer.h) and registers memory, when that is in its place. A ring of one thread is made
// disabled; its thread enables it and does the rest.
//
// Refused: whatever io_uring_probe.h has a reason against; more requests than results, since most kinds of request in
// flight show only there; registered files and eventfds that can't be told; registered memory of a ring that several
// processes have; on restore, a kernel that lays rings out in another way.
//
// An engine killed while it lets a ring show an entry (find_params) leaves the counters of the ring off by one.
//
// Not to be seen: IORING_REGISTER_EVENTFD_ASYNC, personalities, ranges of places for files, the clock, settings of
// workers.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/arena_builder.h"
#include "core/file_kind.h"
#include "files/io_uring_probe.h"

namespace cr::files {

/// A number under which a thread has registered a ring for itself (IORING_REGISTER_RING_FDS).
struct RingNumber {
  NsPid thread;
  std::uint32_t number = 0;
};

struct IoUring {
  RingParams params{};
  std::uint32_t submitted = 0, completed = 0;
  std::string rings{}, sqes{};  ///< content of the two mappings
  std::vector<FileId> files{};  ///< by place, 0 none
  std::vector<RingBuffer> buffers{};
  FileId eventfd = 0;
  NsPid thread{};  ///< the only one that may use it (IORING_SETUP_SINGLE_ISSUER); 0: any
  std::vector<RingNumber> numbers{};

  // Dump only.
  std::uint64_t inode = 0;
  std::map<std::uint32_t, std::string> paths{};  ///< of the registered files
  std::uint32_t file_places = 0;
  bool wants_eventfd = false;
};

struct IoUringModel {
  std::map<FileId, IoUring> all{};
};

bool matches_io_uring(const FileProbe& probe);
Result<> collect_io_uring(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_io_uring(DumpCtx& ctx);
Result<> write_io_uring(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_io_uring(ReadCtx& ctx, const pb::file_entry& entry);
Result<> plan_io_uring(PlanCtx& ctx);
Result<UniqueFd> open_io_uring(TaskCtx& ctx, FileId id);
Result<> connect_io_uring(TaskCtx& ctx, FileId id, int fd);

struct RestoreThread;
/// What the restorer does for rings in that thread of the task.
Result<> fill_thread(const TaskCtx& ctx, std::size_t thread, RestoreThread& out, ArenaBuilder& arena);

inline constexpr FileKind kIoUringKind{
    .name = "io_uring",
    .type = 1010,  // ours
    .matches = matches_io_uring,
    .collect = collect_io_uring,
    .settle = settle_io_uring,
    .write = write_io_uring,
    .read = read_io_uring,
    .plan = plan_io_uring,
    .open = open_io_uring,
    .connect = connect_io_uring,
};

}  // namespace cr::files
