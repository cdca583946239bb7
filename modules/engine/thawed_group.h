// A frozen control group, thawed for the time of a dump: injected code can't run in a frozen task. The freezer of
// version 1 (freezer.state) or 2 (cgroup.freeze).
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace cr::engine {

/// Freezes the group again at its end, if it was frozen.
class ThawedGroup {
 public:
  /// Waits until the group is thawed. An empty path or a group that is not frozen is nothing to do. Errors: open(2),
  /// a directory that is no control group with a freezer, one that does not thaw.
  static Result<ThawedGroup> thaw(const std::string& path);
  ThawedGroup(ThawedGroup&& other) noexcept : state_(std::move(other.state_)), frozen_(other.frozen_) {}
  ~ThawedGroup();
  /// It stays thawed: nobody is in it any more.
  void forget() { state_.reset(); }

 private:
  ThawedGroup() = default;
  UniqueFd state_{};              ///< the file that is written
  const char* frozen_ = nullptr;  ///< the word that freezes
};

}  // namespace cr::engine
