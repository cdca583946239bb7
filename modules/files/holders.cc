#include "files/holders.h"

#include <dirent.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "core/proc_text.h"

namespace cr::files {
namespace {

/// Whether a descriptor of the process has that link and passes `test(its number)`.
template <class Test>
bool has(int pid, const std::string& link, Test test) {
  DIR* fds = opendir(format("/proc/{}/fd", pid).c_str());
  if (fds == nullptr) return false;
  bool found = false;
  while (const dirent* fd = found ? nullptr : readdir(fds)) {
    char target[4097];
    const ssize_t n = readlinkat(dirfd(fds), fd->d_name, target, sizeof target);
    found = n > 0 && std::string_view(target, static_cast<std::size_t>(n)) == link && test(atoi(fd->d_name));
  }
  closedir(fds);
  return found;
}

/// The first process outside of the tree that has such a descriptor, in words; "" when there is none.
template <class Test>
std::string first_outside(const TaskTree& tree, const std::string& link, Test test) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return "";
  std::string holder;
  while (const dirent* e = readdir(proc)) {
    const int pid = atoi(e->d_name);
    if (pid <= 0 || pid == getpid()) continue;
    if (std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](const Task& t) { return t.host.value == pid; }))
      continue;
    if (!has(pid, link, [&](int fd) { return test(pid, fd); })) continue;
    const auto comm = core::read_proc(HostPid{pid}, "comm");
    holder = format("pid {} ({})", pid, comm.ok() ? comm.value().substr(0, comm.value().find('\n')) : "?");
    break;
  }
  closedir(proc);
  return holder;
}

}  // namespace

std::string find_holder(const TaskTree& tree, const std::string& link) {
  std::string holder = first_outside(tree, link, [](int, int) { return true; });
  return holder.empty() ? "another process" : holder;
}

std::string find_sharer(const TaskTree& tree, HostPid pid, int fd) {
  const auto link = core::read_proc_link(pid, format("fd/{}", fd));
  if (!link.ok()) return "";
  return first_outside(tree, link.value(), [&](int other, int number) {
    return syscall(SYS_kcmp, pid.value, other, KCMP_FILE, static_cast<unsigned long>(fd),
                   static_cast<unsigned long>(number)) == 0;
  });
}

}  // namespace cr::files
