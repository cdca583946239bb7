// timerfd_create(2) descriptors: clock, time left, interval, expirations that nobody read yet.
// Shown by fdinfo. Put back by timerfd_settime(2) and TFD_IOC_SET_TICKS. An absolute timer gets the time left added
// to the clock's time at restore, as CRIU does, so that its flags (TFD_TIMER_CANCEL_ON_SET) hold.
#pragma once

#include <map>

#include "core/file_kind.h"
#include "files/fdinfo.h"

namespace cr::files {

struct Timerfd : TimerfdInfo {
  /// When the clock will show the end, ns: of one set to an absolute time of a clock that goes on while the tree is
  /// in images. 0: the time left counts.
  std::int64_t end_ns = 0;
};

struct TimerfdModel {
  std::map<FileId, Timerfd> all{};
};

bool matches_timerfd(const FileProbe& probe);
Result<> collect_timerfd(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_timerfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_timerfd(ReadCtx& ctx, const pb::file_entry& entry);
Result<UniqueFd> open_timerfd(TaskCtx& ctx, FileId id);

inline constexpr FileKind kTimerfdKind{
    .name = "timerfd",
    .type = 17,
    .matches = matches_timerfd,
    .collect = collect_timerfd,
    .write = write_timerfd,
    .read = read_timerfd,
    .open = open_timerfd,
};

}  // namespace cr::files
