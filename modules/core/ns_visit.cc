#include "core/ns_visit.h"

#include <fcntl.h>
#include <sched.h>
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

}  // namespace cr::core
