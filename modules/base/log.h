// The engine's log: leveled lines with seconds since start, to a file or stderr.
#pragma once

#include <string>
#include <string_view>

#include "base/format.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::log {

/// Numbers are those of the option -v: a message is written when its level is at most the chosen one.
enum class Level { kError = 1, kWarn = 2, kInfo = 3, kDebug = 4 };

/// Sends the log to `path` (created, truncated; relative to the current directory) at `level`. An empty path
/// keeps stderr. Errors: open(2).
Result<> open(const std::string& path, int level);
/// Sends the log to a descriptor that is open already.
Result<> open_fd(UniqueFd fd, int level);
/// Moves the log's descriptor to a free number from `number` up, so that lower ones can be given away. Errors:
/// fcntl(2).
Result<> keep_above(int number);
/// Prefixes each line with the pid of the writer when `on` (option --log-pid).
void show_pid(bool on);
bool enabled(Level level);
void write(Level level, std::string_view text);

template <class... A>
void error(fmt::format_string<A...> f, A&&... a) {
  if (enabled(Level::kError)) write(Level::kError, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void warn(fmt::format_string<A...> f, A&&... a) {
  if (enabled(Level::kWarn)) write(Level::kWarn, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void info(fmt::format_string<A...> f, A&&... a) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
void debug(fmt::format_string<A...> f, A&&... a) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(f, std::forward<A>(a)...));
}

}  // namespace cr::log
