// --pidfile: the file that tells the caller the root task's pid.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::engine {

/// Made before anything is done, so that a name that can't be used is refused early; filled at the end. Goes away
/// again when it was never filled, that is when the restore failed.
class Pidfile {
 public:
  Pidfile() = default;
  Pidfile(Pidfile&& other) noexcept;
  Pidfile& operator=(Pidfile&&) = delete;
  ~Pidfile();

  /// An empty path makes no file. Errors: a file of that name exists (it may belong to a tree that runs), open(2).
  static Result<Pidfile> create(const std::string& path);

  /// Writes the decimal number, without a newline, as the callers read it.
  Result<> write(HostPid pid);

 private:
  std::string path_;
  UniqueFd fd_;  ///< open until the pid is written
};

}  // namespace cr::engine
