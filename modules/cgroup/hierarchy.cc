#include "cgroup/hierarchy.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "base/format.h"
#include "core/proc_text.h"

namespace cr::cgroup {
namespace {

std::string relative(const std::string& path) {
  const std::size_t at = path.find_first_not_of('/');
  return at == path.npos ? "." : path.substr(at);
}

Result<UniqueFd> mount_unseen(const std::string& name) {
  auto failed = [&] {
    return Error{"cgroup", "mount", format("the hierarchy \"{}\"", name), errno,
                 "run as root, on Linux 5.2 or later"};
  };
  UniqueFd context(static_cast<int>(syscall(SYS_fsopen, name.empty() ? "cgroup2" : "cgroup", FSOPEN_CLOEXEC)));
  if (!context) return failed();
  auto set = [&](const char* key, const char* value) {
    return syscall(SYS_fsconfig, context.get(), value != nullptr ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key,
                   value, 0) == 0;
  };
  if (name.starts_with("name=")) {
    if (!set("none", nullptr) || !set("name", name.c_str() + 5)) return failed();
  } else {
    std::istringstream controllers(name);
    for (std::string one; std::getline(controllers, one, ',');)
      if (!set(one.c_str(), nullptr)) return failed();
  }
  if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return failed();
  UniqueFd root(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!root) return failed();
  return root;
}

}  // namespace

Result<Set> read_members(const std::string& proc_file) {
  Set set;
  std::istringstream lines(TRY(core::read_text(proc_file)));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos) continue;
    set.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return set;
}

Result<UniqueFd> open_hierarchy(const std::string& name, const std::string& yard) {
  if (yard.empty()) return mount_unseen(name);
  const std::string path = format("{}/{}", yard,
                                  name.empty()                ? "unified"
                                  : name.starts_with("name=") ? name.substr(5)
                                                              : name);
  UniqueFd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error{"cgroup", "open", path, errno, "--cgroup-yard must have a directory for each hierarchy"};
  return fd;
}

Result<UniqueFd> open_below(int root, const std::string& path, int flags) {
  UniqueFd fd(openat(root, relative(path).c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return Error{"cgroup", "open", path, errno, ""};
  return fd;
}

bool exists_below(int root, const std::string& path) { return faccessat(root, relative(path).c_str(), F_OK, 0) == 0; }
bool is_at_or_below(const std::string& path, const std::string& head) {
  return head == "/" || path == head || path.starts_with(head + "/");
}

Result<std::string> read_below(int dir, const std::string& file) {
  UniqueFd fd = TRY(open_below(dir, file, O_RDONLY));
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd.get(), buffer, sizeof buffer)) != 0;) {
    if (n < 0) return Error{"cgroup", "read", file, errno, ""};
    text.append(buffer, static_cast<std::size_t>(n));
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

int write_below(int dir, const std::string& file, const std::string& value) {
  UniqueFd fd(openat(dir, file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno;
  return ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

std::string group_name(const std::string& hierarchy, const std::string& path) {
  return format("control group {} of {}", path, hierarchy.empty() ? "version 2" : hierarchy);
}

}  // namespace cr::cgroup
