// Pages that a process shares copy-on-write with the one that it was forked from. With --store-once the images hold
// them once, in the file of the ancestor, and the pagemap of the descendant says so (core::kPeInherited). A restore
// forks the child from a parent that has its memory already, and leaves such pages alone.
//
// Which page frame is where tells /proc/PID/pagemap, to callers with CAP_SYS_ADMIN. Others get no frames: nothing
// counts as shared then, which costs space, not truth.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/contexts.h"
#include "mm/mm.h"

namespace cr::mm {

/// Whether pages of `v`, a mapping of `t`, can be those of the task that a restore forks `t` from: that one has the
/// same mapping, and both get it before they fork (premap.h).
bool can_inherit(const Model&, const TaskTree&, const Task& t, const Vma& v);

/// Whether the images leave pages of this process to its parent.
bool inherits_pages(const AddressSpace&);

/// Compares the frames of two stopped processes.
class SharedFrames {
 public:
  /// Adjacent pages.
  struct Part : Range {
    bool shared = false;  ///< each is the same frame in both
  };

  /// Opens the pagemaps. Errors: open(2).
  static Result<SharedFrames> open(HostPid parent, HostPid child);
  /// Cuts `in` into parts, ascending. Errors: pread(2).
  Result<std::vector<Part>> split(const Range& in);

 private:
  SharedFrames(UniqueFd parent, UniqueFd child) : parent_(std::move(parent)), child_(std::move(child)) {}
  UniqueFd parent_, child_;
};

/// Every page that `t` is to inherit is one that its parent has, and none is in another image set. Errors: name the
/// run.
Result<> check_inherited(const PlanCtx&, const Task& t);

}  // namespace cr::mm
