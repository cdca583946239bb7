#include "files/holders.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "core/proc_text.h"

namespace cr::files {
namespace {

bool has(int pid, const std::string& link) {
  DIR* fds = opendir(format("/proc/{}/fd", pid).c_str());
  if (fds == nullptr) return false;
  bool found = false;
  while (const dirent* fd = found ? nullptr : readdir(fds)) {
    char target[64];
    const ssize_t n = readlinkat(dirfd(fds), fd->d_name, target, sizeof target);
    found = n > 0 && std::string_view(target, static_cast<std::size_t>(n)) == link;
  }
  closedir(fds);
  return found;
}

}  // namespace

std::string find_holder(const TaskTree& tree, const std::string& link) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return "another process";
  std::string holder = "another process";
  while (const dirent* e = readdir(proc)) {
    const int pid = atoi(e->d_name);
    if (pid <= 0 || pid == getpid()) continue;
    if (std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](const Task& t) { return t.host.value == pid; }))
      continue;
    if (!has(pid, link)) continue;
    const auto comm = core::read_proc(HostPid{pid}, "comm");
    holder = format("pid {} ({})", pid, comm.ok() ? comm.value().substr(0, comm.value().find('\n')) : "?");
    break;
  }
  closedir(proc);
  return holder;
}

}  // namespace cr::files
