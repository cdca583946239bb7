#include "base/log.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

namespace cr::log {
namespace {

// The one mutable object that is not in a context: every layer logs, and a log that is not there yet or any
// more must not be a reason to fail.
struct Sink {
  UniqueFd file;
  int level = static_cast<int>(Level::kWarn);
  bool pid = false;
  timespec start = [] {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
  }();
  int fd() const { return file ? file.get() : STDERR_FILENO; }
};
Sink sink;

}  // namespace

Result<> open(const std::string& path, int level) {
  sink.level = level;
  if (path.empty()) return {};
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return Error{"log", "open", path, errno, "choose a writable place with -o or -W"};
  sink.file.reset(fd);
  return {};
}

Result<> open_fd(UniqueFd fd, int level) {
  sink.level = level;
  if (!fd) return Error{"log", "use", "a descriptor that is not open", EBADF, "name a file with -o"};
  sink.file = std::move(fd);
  return {};
}

Result<> keep_above(int number) {
  if (sink.fd() >= number) return {};
  const int fd = fcntl(sink.fd(), F_DUPFD_CLOEXEC, number);
  // Without a log at all (stderr closed by the caller) there is nothing to keep.
  if (fd < 0 && errno == EBADF) return {};
  if (fd < 0) return Error{"log", "move", "its descriptor", errno, "raise the limit of open files"};
  sink.file.reset(fd);
  return {};
}

void show_pid(bool on) { sink.pid = on; }
bool enabled(Level level) { return static_cast<int>(level) <= sink.level; }

void write(Level level, std::string_view text) {
  static constexpr const char* kNames[] = {"", "Error ", "Warn  ", "", ""};
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long us = (now.tv_sec - sink.start.tv_sec) * 1000000 + (now.tv_nsec - sink.start.tv_nsec) / 1000;
  std::string line = fmt::format("({:02}.{:06}) ", us / 1000000, us % 1000000);
  if (sink.pid) line += fmt::format("{} ", getpid());
  line += kNames[static_cast<int>(level)];
  line += text;
  line += '\n';
  [[maybe_unused]] ssize_t n = ::write(sink.fd(), line.data(), line.size());
}

}  // namespace cr::log
