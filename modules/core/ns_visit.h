// A stay in another task's namespaces.
#pragma once

#include <utility>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_fd.h"

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

}  // namespace cr::core
