#include "tty/outside.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/format.h"
#include "core/proc_text.h"
#include "tty/node.h"

namespace cr::tty {
namespace {

struct WantedEnd {
  std::uint32_t dev, index;
  WhichEnd which;
};

bool is_that_master(int pid, const char* fd, const std::string& link, const WantedEnd& w) {
  auto info = core::read_text(format("/proc/{}/fdinfo/{}", pid, fd));
  auto text = info.ok() ? core::field(info.value(), "tty-index") : std::nullopt;
  auto index = text ? core::number(*text) : std::nullopt;
  if (!index || *index != w.index) return false;
  // Each devpts counts for itself.
  struct stat st;
  const std::string slave = format("/proc/{}/root{}/{}", pid, slave_directory(link), *index);
  return stat(slave.c_str(), &st) == 0 && st.st_dev == w.dev;
}

bool is_that_end(int pid, const char* fd, const std::string& link, const WantedEnd& w) {
  struct stat st;
  if (stat(format("/proc/{}/fd/{}", pid, fd).c_str(), &st) != 0 || !S_ISCHR(st.st_mode)) return false;
  if (is_slave_node(st.st_rdev))
    return w.which != WhichEnd::kMaster && st.st_dev == w.dev && index_of_slave(st.st_rdev) == w.index;
  if (!is_master_node(st.st_rdev) || w.which == WhichEnd::kSlave) return false;
  return is_that_master(pid, fd, link, w);
}

bool has_end(int pid, const WantedEnd& w) {
  DIR* stream = opendir(format("/proc/{}/fd", pid).c_str());
  if (stream == nullptr) return false;
  std::unique_ptr<DIR, int (*)(DIR*)> fds(stream, closedir);
  while (const dirent* fd = readdir(stream)) {
    char link[256];
    const ssize_t n = readlinkat(dirfd(stream), fd->d_name, link, sizeof link);
    // Only what can be one is looked at closely: a stat of a file on a dead server would wait for ever.
    const std::string text(link, n < 0 ? 0 : static_cast<std::size_t>(n));
    if (text.find("pts") == std::string::npos && text.find("ptmx") == std::string::npos) continue;
    if (is_that_end(pid, fd->d_name, text, w)) return true;
  }
  return false;
}

}  // namespace

std::string slave_directory(const std::string& ptmx) {
  const std::string dir = ptmx.substr(0, ptmx.rfind('/'));
  return dir.ends_with("/pts") ? dir : dir + "/pts";
}

std::string find_outside(const TaskTree& tree, std::uint32_t dev, std::uint32_t index, WhichEnd which) {
  DIR* stream = opendir("/proc");
  if (stream == nullptr) return "";
  std::unique_ptr<DIR, int (*)(DIR*)> proc(stream, closedir);
  while (const dirent* e = readdir(stream)) {
    const int pid = atoi(e->d_name);
    if (pid <= 0 || pid == getpid()) continue;
    if (std::any_of(tree.tasks.begin(), tree.tasks.end(), [pid](const Task& t) { return t.host.value == pid; }))
      continue;
    if (!has_end(pid, {dev, index, which})) continue;
    const auto comm = core::read_proc(HostPid{pid}, "comm");
    return format("pid {} ({})", pid, comm.ok() ? comm.value().substr(0, comm.value().find('\n')) : "?");
  }
  return "";
}

}  // namespace cr::tty
