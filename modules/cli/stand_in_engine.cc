// For tests of the command line: an engine that prints what it was asked for. Process 1 can't be dumped here, and the
// root task of every restore ends with status 7.
#include <cerrno>
#include <cstdio>

#include "base/log.h"
#include "engine/engine.h"

namespace cr::engine {

Result<> dump(const Options& o) {
  printf("dump %d %s %s\n", o.pid.value, o.images_dir.c_str(), o.work_dir.c_str());
  log::debug("a line for level 4");
  if (o.pid.value == 1) return Error{"task", "seize", "pid 1 (init)", EPERM, "choose another root"};
  return {};
}

Result<Restored> restore(const Options& o) { return Restored{HostPid{2}, o.restore_detached ? 0 : 7}; }

Result<> check(const Options&) { return {}; }

}  // namespace cr::engine
