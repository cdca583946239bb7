// --new-pidns: a pid namespace made for a tree that had none of its own, so that no pid of it can be taken and one
// set can be restored many times at once.
//
// Its init is a process of ours, which has the root as its child, reaps what is left to it, and ends when nobody is
// left, with the root's status. Where the tree lives in the mounts of the outside, it gets a copy that follows them,
// with a /proc of the new namespace. A root that was number 1 becomes the init itself.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/contexts.h"

namespace cr::engine {

/// The tree has to get a pid namespace that it did not have.
bool wants_fresh_space(const RestoreCtx&);

/// In the first process of the new namespace: the mounts, when they are those of the outside. Errors: unshare(2),
/// mount(2).
Result<> furnish_fresh_space(const RestoreCtx&);

class FreshSpace {
 public:
  FreshSpace() = default;
  /// In the coordinator: makes the init with `flags` of clone3(2), which calls `make_root`. Errors: pipe2(2),
  /// clone3(2).
  static Result<FreshSpace> make(RestoreCtx&, std::uint64_t flags, const std::function<Result<>()>& make_root);
  bool is_made() const { return static_cast<bool>(status_); }
  /// Waits for the end of the root: its exit status, or 128 and its signal.
  int wait_for_root() const;

 private:
  explicit FreshSpace(UniqueFd status) : status_(std::move(status)) {}
  UniqueFd status_{};  ///< the init tells it here
};

}  // namespace cr::engine
