// eventfd(2) descriptors: a counter and the semaphore flag.
// Shown by fdinfo (eventfd-count, eventfd-semaphore since Linux 6.5) and /proc/PID/fd. Put back by eventfd2(2) with
// the counter. Before 6.5 the semaphore flag is not visible from outside: it is taken as not set, with a warning.
#pragma once

#include <map>

#include "core/file_kind.h"

namespace cr::files {

struct Eventfd {
  std::uint64_t counter = 0;
  bool semaphore = false;
};

struct EventfdModel {
  std::map<FileId, Eventfd> all{};
};

bool matches_eventfd(const FileProbe& probe);
Result<> collect_eventfd(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_eventfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_eventfd(ReadCtx& ctx, const pb::file_entry& entry);
Result<UniqueFd> open_eventfd(TaskCtx& ctx, FileId id);

inline constexpr FileKind kEventfdKind{
    .name = "eventfd",
    .type = 6,
    .matches = matches_eventfd,
    .collect = collect_eventfd,
    .write = write_eventfd,
    .read = read_eventfd,
    .open = open_eventfd,
};

}  // namespace cr::files
