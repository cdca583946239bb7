// A stay in another task's namespaces, and what the caller says of them.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "core/options.h"

namespace cr::core {

/// While it lives, the calling thread is in one namespace of a task; its destructor goes back, to the working
/// directory too. A mount namespace can be visited only while the process has one thread. A user namespace can't be
/// left again and is no object of a visit.
class NsVisit {
 public:
  /// `name` as in /proc/PID/ns. Errors: open(2), setns(2).
  static Result<NsVisit> enter(HostPid pid, const char* name);

  NsVisit(NsVisit&&) = default;
  NsVisit& operator=(NsVisit&&) = delete;
  ~NsVisit();

 private:
  NsVisit(UniqueFd home, UniqueFd directory) : home_(std::move(home)), directory_(std::move(directory)) {}
  UniqueFd home_;
  UniqueFd directory_;
};

/// Dump: KEY of --external KIND[INODE]:KEY for the namespace of that task. Errors: stat(2).
Result<std::optional<std::string>> external_key(const Options&, HostPid, const char* kind);
/// Restore: N of --inherit-fd fd[N]:KEY; -1 when there is none.
int inherited_fd(const Options&, const std::string& key);

}  // namespace cr::core
