#include "infect/target_maps.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::infect {
namespace {

/// Takes a number off the front of `s` and the one character behind it.
bool eat(std::string_view& s, std::uint64_t& v, int base) {
  const auto [end, err] = std::from_chars(s.data(), s.data() + s.size(), v, base);
  if (err != std::errc()) return false;
  s.remove_prefix(static_cast<std::size_t>(end - s.data()));
  if (!s.empty()) s.remove_prefix(1);
  return true;
}

// "start-end rwxp offset major:minor inode   name"
bool parse_line(std::string_view line, TargetMapping& m) {
  std::uint64_t major = 0, minor = 0;
  if (!eat(line, m.start, 16) || !eat(line, m.end, 16) || line.size() < 5) return false;
  m.readable = line[0] == 'r';
  m.writable = line[1] == 'w';
  m.executable = line[2] == 'x';
  m.shared = line[3] == 's';
  line.remove_prefix(5);
  if (!eat(line, m.offset, 16) || !eat(line, major, 16) || !eat(line, minor, 16) || !eat(line, m.inode, 10))
    return false;
  m.device = major << 32 | minor;
  const std::size_t name = line.find_first_not_of(' ');
  if (name != line.npos) m.name = line.substr(name);
  return true;
}

}  // namespace

std::vector<TargetMapping> parse_maps(std::string_view text) {
  std::vector<TargetMapping> maps;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    TargetMapping m;
    if (parse_line(text.substr(0, end), m)) maps.push_back(std::move(m));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return maps;
}

Result<std::vector<TargetMapping>> read_maps(HostPid pid) {
  const std::string path = format("/proc/{}/maps", pid);
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return Error{"infect", "open", path, errno, ""};
  std::string text;
  for (;;) {
    constexpr std::size_t kChunk = 32768;
    const std::size_t used = text.size();
    text.resize(used + kChunk);
    const ssize_t n = ::read(fd.get(), text.data() + used, kChunk);
    if (n < 0) return Error{"infect", "read", path, errno, ""};
    text.resize(used + static_cast<std::size_t>(n));
    if (n == 0) return parse_maps(text);
  }
}

const TargetMapping* mapping_at(const std::vector<TargetMapping>& maps, std::uint64_t address) {
  auto it = std::upper_bound(maps.begin(), maps.end(), address,
                             [](std::uint64_t a, const TargetMapping& m) { return a < m.end; });
  return it != maps.end() && it->contains(address) ? &*it : nullptr;
}

}  // namespace cr::infect
