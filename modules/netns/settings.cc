// /proc/sys/net: every setting of the namespace that can be read and written, its devices' among them.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/defer.h"
#include "base/format.h"
#include "base/log.h"
#include "netns/parts.h"

namespace cr::netns {
namespace {

constexpr const char* kRoot = "/proc/sys/net/";

/// What does something when it is written, or belongs to the machine.
constexpr std::array<std::string_view, 3> kNotSettings{"ipv4/route/flush", "ipv6/route/flush",
                                                       "ipv4/tcp_fastopen_key"};

std::optional<std::string> read_setting(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  UniqueFd guard(fd);
  char text[4096];
  const ssize_t n = ::read(fd, text, sizeof text);
  if (n < 0 || n == sizeof text) return std::nullopt;
  std::string value(text, static_cast<std::size_t>(n));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

bool write_setting(const std::string& path, const std::string& value) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

void walk(const std::string& below, std::map<std::string, std::string>& into) {
  DIR* dir = opendir((kRoot + below).c_str());
  if (dir == nullptr) return;
  Defer close([&] { closedir(dir); });
  while (const dirent* e = readdir(dir)) {
    if (e->d_name[0] == '.') continue;
    const std::string name = below + e->d_name;
    if (e->d_type == DT_DIR) {
      walk(name + "/", into);
      continue;
    }
    struct stat st;
    if (stat((kRoot + name).c_str(), &st) != 0 || (st.st_mode & 0600) != 0600) continue;
    if (std::find(kNotSettings.begin(), kNotSettings.end(), name) != kNotSettings.end()) continue;
    if (auto value = read_setting(kRoot + name)) into[name] = std::move(*value);
  }
}

/// "all" changes every device, "default" those to come: they are written before the devices' own.
int rank_of(const std::string& name) {
  if (name.find("/all/") != std::string::npos) return 0;
  if (name.find("/default/") != std::string::npos) return 1;
  return name.find("/conf/") != std::string::npos || name.find("/neigh/") != std::string::npos ? 2 : 0;
}

}  // namespace

Result<std::map<std::string, std::string>> look_at_settings() {
  std::map<std::string, std::string> all;
  walk("", all);
  if (all.empty()) return Error{"netns", "read", kRoot, ENOENT, "proc must be mounted at /proc"};
  return all;
}

Result<> restore_settings(const std::map<std::string, std::string>& from, bool weak) {
  std::vector<std::string> names;
  for (const auto& [name, value] : from) names.push_back(name);
  std::stable_sort(names.begin(), names.end(),
                   [](const std::string& a, const std::string& b) { return rank_of(a) < rank_of(b); });
  // Twice: some settings bring others along (ip_forward and conf/all/forwarding).
  for (const bool last : {false, true})
    for (const std::string& name : names) {
      const std::string path = kRoot + name;
      const auto present = read_setting(path);
      if (present == from.at(name)) continue;
      if (present && write_setting(path, from.at(name))) continue;
      if (!last) continue;
      const int err = present ? errno : ENOENT;
      Error e{"netns", "set", format("{} to \"{}\"", path, from.at(name)), err,
              "this kernel does not take it: go on without by --weak-sysctls"};
      if (!weak) return e;
      log::warn("{}", e.sentence());
    }
  return {};
}

void stop_own_addresses(const std::vector<Link>& links) {
  for (const Link& l : links) write_setting(format("{}ipv6/conf/{}/addr_gen_mode", kRoot, l.name), "1");
}

}  // namespace cr::netns
