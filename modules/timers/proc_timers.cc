#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"
#include "timers/timers.h"

namespace cr::timers {
namespace {

Error malformed(std::string_view line) {
  return {"timers", "parse the line of /proc/PID/timers", std::string(line), 0, ""};
}

/// A decimal number, possibly negative: clocks of processes and threads are.
std::optional<std::int32_t> integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  auto v = core::number(negative ? text.substr(1) : text);
  if (!v) return std::nullopt;
  return static_cast<std::int32_t>(negative ? -static_cast<std::int64_t>(*v) : static_cast<std::int64_t>(*v));
}

/// "signal/tid.17", "none/pid.4".
bool parse_notify(std::string_view text, Timer& out) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view how = text.substr(0, slash), whom = text.substr(slash + 1);
  if (how == "signal")
    out.notify = kNotifySignal;
  else if (how == "none")
    out.notify = kNotifyNone;
  else if (how == "thread")
    out.notify = kNotifyThread;
  else
    return false;
  if (whom.starts_with("pid.")) return true;
  if (!whom.starts_with("tid.")) return false;
  auto tid = integer(whom.substr(4));
  if (!tid) return false;
  out.notify |= kNotifyThreadId;
  out.target = NsPid{*tid};
  return true;
}

/// "10/00007fff12345678"; %px prints no 0x.
bool parse_signal(std::string_view text, Timer& out) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  auto signal = integer(text.substr(0, slash));
  std::string_view value = text.substr(slash + 1);
  if (value.starts_with("0x")) value.remove_prefix(2);
  auto sigval = value == "(null)" ? 0 : core::number(value, 16);  // %p of old kernels
  if (!signal || !sigval) return false;
  out.signal = *signal;
  out.sigval = *sigval;
  return true;
}

}  // namespace

Result<std::vector<Timer>> parse_timers(std::string_view text) {
  std::vector<Timer> out;
  while (!text.empty()) {
    const std::size_t eol = text.find('\n');
    const std::string_view line = text.substr(0, eol);
    text.remove_prefix(eol == std::string_view::npos ? text.size() : eol + 1);
    const std::size_t colon = line.find(": ");
    if (line.empty()) continue;
    if (colon == std::string_view::npos) return malformed(line);
    const std::string_view key = line.substr(0, colon), value = line.substr(colon + 2);
    if (key == "ID") {
      auto id = integer(value);
      if (!id) return malformed(line);
      out.emplace_back().id = *id;
      continue;
    }
    if (out.empty()) return malformed(line);
    bool good = true;
    if (key == "signal") good = parse_signal(value, out.back());
    if (key == "notify") good = parse_notify(value, out.back());
    if (key == "ClockID") {
      auto clock = integer(value);
      good = clock.has_value();
      out.back().clock = clock.value_or(0);
    }
    if (!good) return malformed(line);
  }
  std::sort(out.begin(), out.end(), [](const Timer& a, const Timer& b) { return a.id < b.id; });
  return out;
}

}  // namespace cr::timers
