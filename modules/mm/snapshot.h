// Memory of a tree that runs on while it is written: each process gets a forked copy, which holds its memory
// copy-on-write and sleeps; the engine reads the copies' memory when the tree runs again.
//
// The copy is made inside the process by the parasite and is invisible to it: no child of it (a process in between
// ends at once, so the copy belongs to the reaper of the process, outside of the tree), no descriptors, all signals
// blocked. It is traced with PTRACE_O_EXITKILL and never runs, so it ends with the engine, however that ends. Until
// it is traced it ends by itself when the engine dies.
//
// What a fork does not keep (MADV_DONTFORK, MADV_WIPEONFORK, private huge page mappings, whose reserve a copy could
// use up, rings of asynchronous I/O) is copied while the tree is stopped; shared memory is the modules' own and comes
// then as well.
#pragma once

#include <memory>
#include <vector>

#include "core/contexts.h"
#include "mm/mm.h"
#include "mm/page_copy.h"

namespace cr::infect {
class GadgetCache;
}

namespace cr::mm {

/// A guard over one copy; kills and reaps it in the end. Bound to the thread that made it, as ptrace is.
class SnapshotChild {
 public:
  /// Forks `task`, whose threads are stopped. Errors: clone(2) in the task (its limits), ptrace(2).
  static Result<SnapshotChild> fork_from(infect::SeizedTask& task, infect::GadgetCache& gadgets);
  SnapshotChild(SnapshotChild&& other) noexcept;
  SnapshotChild& operator=(SnapshotChild&&) = delete;
  ~SnapshotChild();

  HostPid pid() const { return pid_; }
  int mem_fd() const { return mem_.get(); }

 private:
  explicit SnapshotChild(HostPid pid) : pid_(pid), owner_(getpid()) {}
  HostPid pid_;
  pid_t owner_;
  UniqueFd mem_{};
};

/// The copies of a tree, and what is to be read from them.
struct Snapshot {
  std::map<std::uint32_t, SnapshotChild> copies{};  ///< by vm_id; empty: no snapshot is made
  std::vector<PageJob> jobs{};                      ///< PageJob::pages is filled in by finish_snapshot
  std::vector<core::RawImage> files{};              ///< of the jobs, in their order
};

/// Forks all processes of the tree, when it is to run on and nobody is told of the complete set (Options::snapshot).
/// Where a snapshot is not possible nothing is left behind, the log says why, and the dump goes on without.
void begin_snapshot(DumpCtx&);
bool has_snapshot(const DumpCtx&);
/// Reads the memory of the copies and ends them; the tree runs. Errors: as copy_pages.
Result<> finish_snapshot(DumpCtx&);

/// Whether the copy of a process has the contents of this mapping.
bool survives_fork(const Vma&);

}  // namespace cr::mm
