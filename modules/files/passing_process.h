// A process that lives for a moment, so that something of a dead one can be opened: its pidfd, a file of its
// /proc/PID.
#pragma once

#include <signal.h>

#include <string>
#include <utility>

#include "base/ids.h"
#include "base/result.h"

namespace cr::files {

/// Dies and is waited for with the object, and tells nobody: it has no exit signal.
class PassingProcess {
 public:
  /// With that pid in the caller's pid namespace; 0: with any. `status` is how it will end, as wait(2) tells, but for
  /// whether it dumped core. Errors: clone3(2), EEXIST: the pid is taken.
  static Result<PassingProcess> make(NsPid pid, const std::string& object, int status = SIGKILL);
  PassingProcess(PassingProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)), farewell_(other.farewell_) {}
  PassingProcess& operator=(PassingProcess&&) = delete;
  ~PassingProcess();

  int pid() const { return pid_; }

 private:
  PassingProcess(int pid, int farewell) : pid_(pid), farewell_(farewell) {}
  int pid_;
  int farewell_;  ///< the signal that ends it
};

}  // namespace cr::files
