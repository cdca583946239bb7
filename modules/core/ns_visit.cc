#include "core/ns_visit.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "base/log.h"

namespace cr::core {

Result<NsVisit> NsVisit::enter(HostPid pid, const char* name) {
  const std::string theirs = format("/proc/{}/ns/{}", pid, name);
  UniqueFd there(open(theirs.c_str(), O_RDONLY | O_CLOEXEC));
  if (!there) return Error{"core", "open", theirs, errno, ""};
  UniqueFd home(open(format("/proc/thread-self/ns/{}", name).c_str(), O_RDONLY | O_CLOEXEC));
  UniqueFd directory(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!home || !directory) return Error{"core", "open", "the engine's own namespace", errno, ""};
  if (setns(there.get(), 0) != 0) return Error{"core", "enter", theirs, errno, "run as root"};
  return NsVisit(std::move(home), std::move(directory));
}

NsVisit::~NsVisit() {
  if (!home_) return;
  if (setns(home_.get(), 0) != 0) log::error("the engine can't return to its own namespace");
  if (fchdir(directory_.get()) != 0) log::warn("the engine can't return to its working directory");
}

Result<std::optional<std::string>> external_key(const Options& opt, HostPid pid, const char* kind) {
  struct stat st;
  const std::string path = format("/proc/{}/ns/{}", pid, kind);
  if (stat(path.c_str(), &st) != 0) return Error{"core", "look at", path, errno, ""};
  const std::string wanted = format("{}[{}]:", kind, st.st_ino);
  for (const std::string& e : opt.external)
    if (e.starts_with(wanted)) return std::optional(e.substr(wanted.size()));
  return std::optional<std::string>{};
}

int inherited_fd(const Options& opt, const std::string& key) {
  for (const InheritFd& i : opt.inherit_fds)
    if (i.resource == key) return i.fd;
  return -1;
}

}  // namespace cr::core
