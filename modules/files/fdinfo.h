// Parsers of /proc/PID/fdinfo/N. Pure: text in, values out, so that texts of several kernels can be tested.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cr::files {

/// The lines that every descriptor has, and the locks that may follow them.
struct FdinfoCommon {
  std::uint64_t pos = 0;
  std::uint32_t flags = 0;  ///< O_* as shown: with O_CLOEXEC when the descriptor has it
  int mnt_id = -1;
  std::vector<std::string> locks{};  ///< the "lock:" lines, without their label
};

struct EventfdInfo {
  std::uint64_t count = 0;
  std::optional<bool> semaphore;  ///< shown since Linux 6.5 (commit 33d8b5d78202)
};

struct TimerfdInfo {
  int clockid = 0;
  std::uint64_t ticks = 0;
  std::uint32_t settime_flags = 0;
  std::uint64_t value_sec = 0, value_nsec = 0;        ///< time left
  std::uint64_t interval_sec = 0, interval_nsec = 0;  ///< all zero: fires once
};

struct EpollTargetInfo {
  int tfd = -1;  ///< the number under which it was added
  std::uint32_t events = 0;
  std::uint64_t data = 0;
  std::uint64_t pos = 0, ino = 0;
  std::uint32_t dev = 0;  ///< as the kernel keeps it: major << 20 | minor
};

struct InotifyWatchInfo {
  int wd = 0;
  std::uint64_t ino = 0;
  std::uint32_t dev = 0;  ///< major << 20 | minor
  std::uint32_t mask = 0, ignored_mask = 0;
  std::uint32_t handle_type = 0;
  std::vector<std::uint8_t> handle{};  ///< empty when the file system has no handles
};

/// One mark of a fanotify group; on an inode (handle), a mount (mnt_id) or, with neither, a file system (dev).
struct FanotifyMarkInfo {
  std::uint32_t flags = 0, mask = 0, ignored_mask = 0;  ///< FAN_MARK_*, FAN_*
  std::optional<int> mnt_id{};
  std::optional<InotifyWatchInfo> inode{};  ///< ino, dev and handle
};
struct FanotifyInfo {
  std::uint32_t flags = 0, event_flags = 0;  ///< of fanotify_init(2)
  std::vector<FanotifyMarkInfo> marks{};
};

// Errors of all: a line that should be there is missing or can't be read; the object is left empty for the caller.
Result<FdinfoCommon> parse_fdinfo_common(std::string_view text);
Result<EventfdInfo> parse_fdinfo_eventfd(std::string_view text);
Result<std::uint64_t> parse_fdinfo_signalfd(std::string_view text);
Result<TimerfdInfo> parse_fdinfo_timerfd(std::string_view text);
Result<std::vector<EpollTargetInfo>> parse_fdinfo_epoll(std::string_view text);
Result<std::vector<InotifyWatchInfo>> parse_fdinfo_inotify(std::string_view text);
Result<FanotifyInfo> parse_fdinfo_fanotify(std::string_view text);

}  // namespace cr::files
