// signalfd(2) descriptors: a mask. The signals themselves are those pending in the tasks (module signals).
// Shown by fdinfo (sigmask). Put back by signalfd4(2).
#pragma once

#include <map>

#include "core/file_kind.h"

namespace cr::files {

struct SignalfdModel {
  std::map<FileId, std::uint64_t> masks{};
};

bool matches_signalfd(const FileProbe& probe);
Result<> collect_signalfd(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_signalfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_signalfd(ReadCtx& ctx, const pb::file_entry& entry);
Result<UniqueFd> open_signalfd(TaskCtx& ctx, FileId id);

inline constexpr FileKind kSignalfdKind{
    .name = "signalfd",
    .type = 9,
    .matches = matches_signalfd,
    .collect = collect_signalfd,
    .write = write_signalfd,
    .read = read_signalfd,
    .open = open_signalfd,
};

}  // namespace cr::files
