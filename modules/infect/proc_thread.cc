#include "infect/proc_thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "arch/host.h"
#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::infect {
namespace {

template <class T>
T number(std::string_view text, int base = 10) {
  T v{};
  std::from_chars(text.data(), text.data() + text.size(), v, base);
  return v;
}

/// The value of "Key:\tvalue" in a status file.
std::string_view field(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    std::string_view value = text.substr(at + key.size());
    value.remove_prefix(std::min(value.find_first_not_of("\t "), value.size()));
    return value.substr(0, value.find('\n'));
  }
  return {};
}

std::string one_line(const std::string& path) {
  char buffer[256];
  auto text = read_small(path, buffer);
  if (!text) return {};
  return std::string(text->substr(0, text->find('\n')));
}

}  // namespace

std::optional<std::string_view> read_small(const std::string& path, std::span<char> buffer) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return std::nullopt;
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n < 0) return std::nullopt;
  return std::string_view(buffer.data(), static_cast<std::size_t>(n));
}

ThreadStat parse_stat(std::string_view text) {
  ThreadStat stat;
  const std::size_t paren = text.rfind(')');  // comm may hold anything, also ") R 1"
  if (paren == text.npos || paren + 2 >= text.size()) return stat;
  text.remove_prefix(paren + 2);
  for (int index = 3; !text.empty() && index <= 39; ++index) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (index == 3) stat.state = text[0];
    if (index == 9) stat.flags = number<std::uint64_t>(text.substr(0, end));
    if (index == 39) stat.cpu = number<int>(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return stat;
}

ThreadStatus parse_status(std::string_view text) {
  ThreadStatus s;
  const std::string_view state = field(text, "State:");
  s.state = state.empty() ? '\0' : state[0];
  s.tracer = number<int>(field(text, "TracerPid:"));
  s.kernel_thread = number<int>(field(text, "Kthread:")) == 1;
  s.pending = number<std::uint64_t>(field(text, "SigPnd:"), 16);
  s.shared_pending = number<std::uint64_t>(field(text, "ShdPnd:"), 16);
  s.blocked = number<std::uint64_t>(field(text, "SigBlk:"), 16);
  s.caught = number<std::uint64_t>(field(text, "SigCgt:"), 16);
  s.seccomp = number<int>(field(text, "Seccomp:"));
  s.sleeps = number<std::uint64_t>(field(text, "voluntary_ctxt_switches:"));
  return s;
}

std::optional<ThreadStatus> read_status(HostPid pid, HostPid tid) {
  char buffer[8192];  // Mems_allowed makes it long on big machines, what we want comes before
  const auto text = read_small(format("/proc/{}/task/{}/status", pid, tid), buffer);
  if (!text) return std::nullopt;
  return parse_status(*text);
}

Result<std::vector<HostPid>> list_threads(HostPid pid) {
  constexpr int kTries = 50;  // while exec swaps the leader's task, /proc/PID is not there for a moment
  const std::string path = format("/proc/{}/task", pid);
  struct Close {
    void operator()(DIR* d) const { closedir(d); }
  };
  for (int i = 0; i < kTries; ++i) {
    std::vector<HostPid> tids;
    if (std::unique_ptr<DIR, Close> dir{opendir(path.c_str())})
      while (const dirent* entry = readdir(dir.get()))
        if (entry->d_name[0] != '.') tids.push_back(HostPid{number<int>(entry->d_name)});
    std::sort(tids.begin(), tids.end());
    if (!tids.empty()) return tids;
    if (::kill(pid.value, 0) != 0 && errno == ESRCH) break;
    usleep(100);
  }
  return Error{"infect", "list the threads of", format("pid {}", pid), ESRCH, "is the process still there?"};
}

long sleeping_in(HostPid pid, HostPid tid, std::span<std::uint64_t, 6> args) {
  char buffer[256];
  const auto text = read_small(format("/proc/{}/task/{}/syscall", pid, tid), buffer);
  if (!text || text->empty() || (*text)[0] < '0' || (*text)[0] > '9') return -1;  // "running" or "-1 …"
  std::string_view rest = *text;
  const long nr = number<long>(rest);
  const auto next = [&rest](std::uint64_t& value) {
    const std::size_t space = rest.find(" 0x");
    if (space == rest.npos) return;
    rest.remove_prefix(space + 3);
    value = number<std::uint64_t>(rest, 16);
  };
  std::uint64_t sp = 0, pc = 0;
  for (std::uint64_t& arg : args) next(arg);
  next(sp), next(pc);
  return arch::shown_call(nr, sp, pc);
}

std::string comm_of(HostPid pid) { return one_line(format("/proc/{}/comm", pid)); }
std::string wchan_of(HostPid pid, HostPid tid) { return one_line(format("/proc/{}/task/{}/wchan", pid, tid)); }

}  // namespace cr::infect
