#include "core/proc_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::core {

Result<std::string> read_text(const std::string& path) { return read_text_at(AT_FDCWD, path); }

Result<std::string> read_text_at(int dir, const std::string& path) {
  UniqueFd fd(openat(dir, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"core", "open", path, errno, ""};
  std::string text;
  std::size_t used = 0;
  text.resize(4096);
  for (;;) {
    ssize_t n = read(fd.get(), text.data() + used, text.size() - used);
    if (n < 0) return Error{"core", "read", path, errno, ""};
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
    if (used == text.size()) text.resize(text.size() * 2);
  }
  text.resize(used);
  return text;
}

Result<std::string> read_proc(HostPid pid, std::string_view entry) {
  return read_text(format("/proc/{}/{}", pid, entry));
}

Result<std::string> read_proc_link(HostPid pid, std::string_view entry) {
  std::string path = format("/proc/{}/{}", pid, entry);
  std::string target(4096, '\0');
  ssize_t n = readlink(path.c_str(), target.data(), target.size());
  if (n < 0) return Error{"core", "read link", path, errno, ""};
  target.resize(static_cast<std::size_t>(n));
  return target;
}

Result<std::vector<std::string>> list(const std::string& directory) {
  DIR* stream = opendir(directory.c_str());
  if (stream == nullptr) return Error{"core", "list", directory, errno, ""};
  std::vector<std::string> names;
  while (const dirent* e = readdir(stream))
    if (std::string_view name = e->d_name; name != "." && name != "..") names.emplace_back(name);
  closedir(stream);
  return names;
}

std::optional<std::string_view> field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::size_t eol = text.find('\n');
    std::string_view line = text.substr(0, eol);
    if (line.size() > key.size() && line[key.size()] == ':' && line.starts_with(key)) {
      line.remove_prefix(key.size() + 1);
      while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
      return line;
    }
    if (eol == std::string_view::npos) break;
    text.remove_prefix(eol + 1);
  }
  return std::nullopt;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  constexpr std::string_view kBlank = " \t\n";
  for (;;) {
    std::size_t from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return out;
    text.remove_prefix(from);
    std::size_t to = std::min(text.find_first_of(kBlank), text.size());
    out.push_back(text.substr(0, to));
    text.remove_prefix(to);
  }
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t v = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v, base);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

Result<StatFields> StatFields::parse(std::string_view text) {
  // The command name may hold blanks and parentheses: it ends at the last ')'.
  std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return Error{"core", "parse stat line", std::string(text), 0, "report this kernel"};
  StatFields s;
  s.comm_ = text.substr(open + 1, close - open - 1);
  for (std::string_view w : words(text.substr(close + 1))) s.fields_.emplace_back(w);
  if (s.fields_.size() < 20) return Error{"core", "parse stat line", std::string(text), 0, "report this kernel"};
  return s;
}

std::uint64_t StatFields::number(std::size_t n) const {
  if (n < 3 || n - 3 >= fields_.size()) return 0;
  const std::string& f = fields_[n - 3];
  if (!f.empty() && f[0] == '-') return static_cast<std::uint64_t>(std::strtoll(f.c_str(), nullptr, 10));
  return std::strtoull(f.c_str(), nullptr, 10);
}

Result<StatFields> read_stat(HostPid pid) { return StatFields::parse(TRY(read_proc(pid, "stat"))); }

}  // namespace cr::core
