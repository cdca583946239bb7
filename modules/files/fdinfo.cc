#include "files/fdinfo.h"

#include <charconv>

namespace cr::files {
namespace {

Error bad_line(std::string_view line) {
  return Error{"files", "parse line '" + std::string(line) + "' of fdinfo of", {}, 0, "report the kernel version"};
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

/// Takes the next line off `text`; false when there is none.
bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  std::size_t end = text.find('\n');
  line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return true;
}

template <class T>
bool number(std::string_view s, int base, T& out) {
  s = trim(s);
  auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), out, base);
  return ec == std::errc{} && end == s.data() + s.size();
}

/// The number behind `key` in `line`: blanks may stand before it, and a blank or the end of the line behind it.
template <class T>
bool keyed(std::string_view line, std::string_view key, int base, T& out) {
  std::size_t at = line.find(key);
  if (at == std::string_view::npos) return false;
  line = trim(line.substr(at + key.size()));
  return number(line.substr(0, line.find_first_of(" \t")), base, out);
}

/// "(12, 345)".
bool pair(std::string_view s, std::uint64_t& a, std::uint64_t& b) {
  s = trim(s);
  std::size_t comma = s.find(',');
  if (s.size() < 5 || s.front() != '(' || s.back() != ')' || comma == std::string_view::npos) return false;
  return number(s.substr(1, comma - 1), 10, a) && number(s.substr(comma + 1, s.size() - comma - 2), 10, b);
}

bool hex_bytes(std::string_view s, std::vector<std::uint8_t>& out) {
  if (s.size() % 2 != 0) return false;
  for (; !s.empty(); s.remove_prefix(2)) {
    std::uint8_t byte;
    if (!number(s.substr(0, 2), 16, byte)) return false;
    out.push_back(byte);
  }
  return true;
}

/// The file handle behind a line of inotify or fanotify; there may be none.
bool parse_handle(std::string_view line, InotifyWatchInfo& w) {
  const std::size_t at = line.find(" f_handle:");
  if (at == std::string_view::npos) return true;
  std::uint32_t bytes = 0;
  return keyed(line, " fhandle-bytes:", 16, bytes) && keyed(line, " fhandle-type:", 16, w.handle_type) &&
         hex_bytes(trim(line.substr(at + 10)), w.handle) && w.handle.size() == bytes;
}

}  // namespace

Result<FdinfoCommon> parse_fdinfo_common(std::string_view text) {
  FdinfoCommon info;
  bool pos = false, flags = false;
  std::string_view line;
  while (next_line(text, line)) {
    bool good = true;
    if (line.starts_with("pos:")) {
      // A negative position (a mapping of the upper half through /proc/PID/mem) shows as such.
      std::int64_t value = 0;
      good = pos = number(line.substr(4), 10, value);
      info.pos = static_cast<std::uint64_t>(value);
    } else if (line.starts_with("flags:") && !flags) {
      good = flags = number(line.substr(6), 8, info.flags);
    } else if (line.starts_with("mnt_id:")) {
      good = number(line.substr(7), 10, info.mnt_id);
    } else if (line.starts_with("lock:")) {
      info.locks.emplace_back(trim(line.substr(5)));
    }
    if (!good) return bad_line(line);
  }
  if (!pos || !flags) return bad_line("pos, flags");
  return info;
}

Result<EventfdInfo> parse_fdinfo_eventfd(std::string_view text) {
  EventfdInfo info;
  bool found = false;
  std::string_view line;
  while (next_line(text, line)) {
    if (line.starts_with("eventfd-count:")) {
      if (!number(line.substr(14), 16, info.count)) return bad_line(line);
      found = true;
    } else if (line.starts_with("eventfd-semaphore:")) {
      int on;
      if (!number(line.substr(18), 10, on)) return bad_line(line);
      info.semaphore = on != 0;
    }
  }
  if (!found) return bad_line("eventfd-count");
  return info;
}

Result<std::uint64_t> parse_fdinfo_signalfd(std::string_view text) {
  std::string_view line;
  std::uint64_t mask;
  while (next_line(text, line))
    if (line.starts_with("sigmask:")) {
      if (!number(line.substr(8), 16, mask)) return bad_line(line);
      return mask;
    }
  return bad_line("sigmask");
}

Result<TimerfdInfo> parse_fdinfo_timerfd(std::string_view text) {
  TimerfdInfo info;
  int found = 0;
  std::string_view line;
  while (next_line(text, line)) {
    bool good = true;
    ++found;
    if (line.starts_with("clockid:"))
      good = number(line.substr(8), 10, info.clockid);
    else if (line.starts_with("ticks:"))
      good = number(line.substr(6), 10, info.ticks);
    else if (line.starts_with("settime flags:"))
      good = number(line.substr(14), 8, info.settime_flags);
    else if (line.starts_with("it_value:"))
      good = pair(line.substr(9), info.value_sec, info.value_nsec);
    else if (line.starts_with("it_interval:"))
      good = pair(line.substr(12), info.interval_sec, info.interval_nsec);
    else
      --found;
    if (!good) return bad_line(line);
  }
  if (found != 5) return bad_line("clockid, ticks, settime flags, it_value, it_interval");
  return info;
}

Result<std::vector<EpollTargetInfo>> parse_fdinfo_epoll(std::string_view text) {
  std::vector<EpollTargetInfo> targets;
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.starts_with("tfd:")) continue;
    EpollTargetInfo t;
    if (!keyed(line, "tfd:", 10, t.tfd) || !keyed(line, "events:", 16, t.events) || !keyed(line, "data:", 16, t.data))
      return bad_line(line);
    // pos, ino and sdev came with Linux 4.13 (commit 77493f04b74c).
    std::int64_t pos = 0;
    keyed(line, "pos:", 10, pos);
    t.pos = static_cast<std::uint64_t>(pos);
    keyed(line, "ino:", 16, t.ino);
    keyed(line, "sdev:", 16, t.dev);
    targets.push_back(t);
  }
  return targets;
}

Result<std::vector<InotifyWatchInfo>> parse_fdinfo_inotify(std::string_view text) {
  std::vector<InotifyWatchInfo> watches;
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.starts_with("inotify ")) continue;
    InotifyWatchInfo w;
    // " mask:" with its blank, since "ignored_mask:" ends in the same letters.
    if (!keyed(line, " wd:", 16, w.wd) || !keyed(line, " ino:", 16, w.ino) || !keyed(line, " sdev:", 16, w.dev) ||
        !keyed(line, " mask:", 16, w.mask) || !keyed(line, " ignored_mask:", 16, w.ignored_mask))
      return bad_line(line);
    if (!parse_handle(line, w)) return bad_line(line);
    watches.push_back(std::move(w));
  }
  return watches;
}

Result<FanotifyInfo> parse_fdinfo_fanotify(std::string_view text) {
  FanotifyInfo info;
  std::string_view line;
  while (next_line(text, line)) {
    if (!line.starts_with("fanotify ")) continue;
    if (keyed(line, " event-flags:", 16, info.event_flags)) {
      if (!keyed(line, " flags:", 16, info.flags)) return bad_line(line);
      continue;
    }
    FanotifyMarkInfo m;
    if (!keyed(line, " mflags:", 16, m.flags) || !keyed(line, " mask:", 16, m.mask) ||
        !keyed(line, " ignored_mask:", 16, m.ignored_mask))
      return bad_line(line);
    InotifyWatchInfo w;
    int mount = 0;
    if (keyed(line, " ino:", 16, w.ino)) {
      if (!keyed(line, " sdev:", 16, w.dev) || !parse_handle(line, w)) return bad_line(line);
      m.inode = std::move(w);
    } else if (keyed(line, " mnt_id:", 16, mount)) {
      m.mnt_id = mount;
    }
    info.marks.push_back(std::move(m));
  }
  return info;
}

}  // namespace cr::files
