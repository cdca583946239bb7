#include "core/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/format.h"
#include "base/log.h"

namespace cr::core {
namespace {

constexpr std::uint64_t kPause_us = 200'000;
constexpr char kClear[] = "\r\x1b[K";

std::uint64_t now_us() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_nsec) / 1000;
}

std::string size_text(double bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return bytes < 10 && unit > 0 ? format("{:.1f} {}", bytes, kUnits[unit]) : format("{:.0f} {}", bytes, kUnits[unit]);
}

void say(int fd, const std::string& text) {
  if (write(fd, text.data(), text.size()) < 0) return;  // a terminal that is gone is no reason to stop
}

}  // namespace

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total, double seconds) {
  const double rate = static_cast<double>(done) / std::max(seconds, 1e-3);
  const double rest = rate > 0 ? static_cast<double>(total - std::min(done, total)) / rate : 0;
  return format("{}: {} of {}, {}/s, {:.0f} s left", what, size_text(static_cast<double>(done)),
                size_text(static_cast<double>(total)), size_text(rate), rest);
}

Progress::Progress(std::string what, std::uint64_t total_bytes, int fd, std::uint64_t quiet_us)
    : what_(std::move(what)), total_(total_bytes), fd_(fd), began_us_(now_us()), next_us_(began_us_ + quiet_us) {}

Progress::~Progress() {
  if (shown_) say(fd_, kClear);
}

void Progress::add(std::uint64_t bytes) {
  const std::uint64_t done = done_ += bytes, now = now_us();
  std::uint64_t due = next_us_;
  if (now < due || !next_us_.compare_exchange_strong(due, now + kPause_us)) return;
  if (log::enabled(log::Level::kInfo) || isatty(fd_) == 0) return;
  shown_ = true;
  say(fd_, kClear + progress_line(what_, done, total_, static_cast<double>(now - began_us_) / 1e6));
}

}  // namespace cr::core
