// A process that lives for a moment, so that something of a dead one can be opened: its pidfd, a file of its
// /proc/PID.
#pragma once

#include <string>
#include <utility>

#include "base/ids.h"
#include "base/result.h"

namespace cr::files {

/// Dies and is waited for with the object, and tells nobody: it has no exit signal.
class PassingProcess {
 public:
  /// With that pid in the caller's pid namespace; 0: with any. Errors: clone3(2), EEXIST: the pid is taken.
  static Result<PassingProcess> make(NsPid pid, const std::string& object);
  PassingProcess(PassingProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  PassingProcess& operator=(PassingProcess&&) = delete;
  ~PassingProcess();

  int pid() const { return pid_; }

 private:
  explicit PassingProcess(int pid) : pid_(pid) {}
  int pid_;
};

}  // namespace cr::files
