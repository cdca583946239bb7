#include "ipc/outside.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "core/proc_text.h"

namespace cr::ipc {

std::string process_name(int pid) {
  const auto comm = core::read_proc(HostPid{pid}, "comm");
  return format("pid {} ({})", pid, comm.ok() ? comm.value().substr(0, comm.value().find('\n')) : "?");
}

std::string find_attacher(const TaskTree& tree, int segment) {
  DIR* proc = opendir("/proc");
  std::string found = "a process";
  if (proc == nullptr) return found;
  const std::string inode = format(" {} ", segment);
  while (const dirent* e = readdir(proc)) {
    const int pid = atoi(e->d_name);
    if (pid <= 0 || std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](auto& t) { return t.host.value == pid; }))
      continue;
    const auto maps = core::read_proc(HostPid{pid}, "maps");
    if (!maps.ok()) continue;
    bool has_it = false;
    for (std::size_t at = maps.value().find("/SYSV"); at != std::string::npos;
         at = maps.value().find("/SYSV", at + 1)) {
      const std::size_t line = maps.value().rfind('\n', at) + 1;
      has_it = has_it || maps.value().substr(line, at - line).find(inode) != std::string::npos;
    }
    if (!has_it) continue;
    found = process_name(pid);
    break;
  }
  closedir(proc);
  return found;
}

std::string find_opener(const TaskTree& tree, dev_t device, ino_t inode) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return "";
  std::string found;
  while (const dirent* e = found.empty() ? readdir(proc) : nullptr) {
    const int pid = atoi(e->d_name);
    if (pid <= 0 || pid == getpid()) continue;
    if (std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](auto& t) { return t.host.value == pid; })) continue;
    const auto stat = core::read_stat(HostPid{pid});
    if (!stat.ok() || stat.value().number(4) == static_cast<std::uint64_t>(getpid())) continue;  // the engine's own
    DIR* fds = opendir(format("/proc/{}/fd", pid).c_str());
    if (fds == nullptr) continue;
    struct stat st;
    while (const dirent* fd = readdir(fds))
      if (fstatat(dirfd(fds), fd->d_name, &st, 0) == 0 && st.st_dev == device && st.st_ino == inode)
        found = process_name(pid);
    closedir(fds);
  }
  closedir(proc);
  return found;
}

}  // namespace cr::ipc
