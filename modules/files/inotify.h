// inotify(7) descriptors: what they watch, under which watch numbers.
//
// Shown by fdinfo: device, inode and file handle of each watched file; open_by_handle_at(2) makes a path of it. Put
// back by INOTIFY_IOC_SETNEXTWD and inotify_add_watch(2), in `finish`, so that nothing the restore itself does to
// files is reported. Refused: watches on deleted files or on file systems without handles; events that nobody has
// read yet, unless --allow-lossy inotify-events: they can't be read without taking them, nor be made again. Events of
// a stand-in that has the watch's number would be equal, but its removal leaves an IN_IGNORED behind them.
#pragma once

#include <map>
#include <vector>

#include "core/file_kind.h"
#include "files/fdinfo.h"

namespace cr::pb {
class fh_entry;
}

namespace cr::files {

struct InotifyWatch {
  InotifyWatchInfo info;
  std::string path{};
};

struct InotifyModel {
  std::map<FileId, std::vector<InotifyWatch>> all{};
};

/// The name under which --allow-lossy accepts that queued events are lost.
inline constexpr char kLossyInotifyEvents[] = "inotify-events";

/// The path of a watched file, from its handle. Errors: it is deleted; the file system has no handles.
Result<std::string> path_of_watch(const DumpCtx& ctx, HostPid pid, const InotifyWatchInfo& watch,
                                  const std::string& object);
/// The handle as the images have it.
void put_handle(const InotifyWatchInfo& watch, const std::string& path, pb::fh_entry& entry);
/// Errors: it is cut short.
Result<> get_handle(const pb::fh_entry& entry, InotifyWatchInfo& watch, const std::string& object);

bool matches_inotify(const FileProbe& probe);
Result<> collect_inotify(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_inotify(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_inotify(ReadCtx& ctx, const pb::file_entry& entry);
Result<> finish_inotify(RestoreCtx& ctx);
Result<UniqueFd> open_inotify(TaskCtx& ctx, FileId id);

inline constexpr FileKind kInotifyKind{
    .name = "inotify",
    .type = 8,
    .matches = matches_inotify,
    .collect = collect_inotify,
    .write = write_inotify,
    .read = read_inotify,
    .finish = finish_inotify,
    .open = open_inotify,
};

}  // namespace cr::files
