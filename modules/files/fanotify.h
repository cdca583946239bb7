// fanotify(7) groups: class, flags, marks on inodes and mounts.
//
// Shown by fdinfo: the arguments of fanotify_init(2), and of each mark its masks with the file handle of the inode or
// the id of the mount, from which a path is made. Put back by fanotify_init(2) in the owner and fanotify_mark(2) in
// `finish`, so that nothing the restore itself does to files is reported. Refused: marks on whole file systems;
// events that nobody has read yet, unless --allow-lossy fanotify-events.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/file_kind.h"
#include "files/fdinfo.h"

namespace cr::files {

struct FanotifyMark {
  FanotifyMarkInfo info;
  std::string path{};
};

struct FanotifyGroup {
  std::uint32_t flags = 0, event_flags = 0;
  std::vector<FanotifyMark> marks{};
};

struct FanotifyModel {
  std::map<FileId, FanotifyGroup> all{};
};

inline constexpr char kLossyFanotifyEvents[] = "fanotify-events";

bool matches_fanotify(const FileProbe& probe);
Result<> collect_fanotify(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_fanotify(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_fanotify(ReadCtx& ctx, const pb::file_entry& entry);
Result<> finish_fanotify(RestoreCtx& ctx);
Result<UniqueFd> open_fanotify(TaskCtx& ctx, FileId id);

inline constexpr FileKind kFanotifyKind{
    .name = "fanotify",
    .type = 12,
    .matches = matches_fanotify,
    .collect = collect_fanotify,
    .write = write_fanotify,
    .read = read_fanotify,
    .finish = finish_fanotify,
    .open = open_fanotify,
};

}  // namespace cr::files
