// One error value for the whole engine: what failed, on what, and what to do about it.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace cr {

/// Says which module failed at which step, on which object (pid, descriptor, path, mapping), with which
/// errno (0 when no system call failed) and what the user can do. Logged once, by the driver that gives up.
struct Error {
  std::string module;  ///< Module::name or a layer name, e.g. "mm"
  std::string step;    ///< what was being done, e.g. "read smaps"
  std::string object;  ///< what it was done to, e.g. "pid 17 fd 3 (/tmp/x)"
  int err = 0;         ///< errno, positive, 0 when there is none
  std::string remedy;  ///< what would help; may be empty when only the kernel knows

  /// The one sentence that users see: "module: cannot step object: errno text; remedy".
  std::string sentence() const;
};

}  // namespace cr
