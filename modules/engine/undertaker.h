// What makes the end of a restore one moment: either all of the tree runs on without the engine, or nothing of it.
//
// Until the end the death of the engine kills each task by PTRACE_O_EXITKILL, which can only be taken off thread by
// thread. While that is done, this child process of the engine watches: dies the engine meanwhile, it kills them all.
#pragma once

#include <sys/types.h>

#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/task_tree.h"

namespace cr::engine {

class Undertaker {
 public:
  /// Nobody is hired for a tree of one process, whose threads die together anyway. Errors: pipe(2), fork(2).
  static Result<Undertaker> hire(const TaskTree&);
  Undertaker(Undertaker&& other) noexcept;
  Undertaker& operator=(Undertaker&&) = delete;
  /// Without the word it kills the tree: the restore has failed.
  ~Undertaker();

  /// The moment from which the tree lives on whatever happens to the engine.
  void send_away();

 private:
  Undertaker(pid_t pid, UniqueFd line) : pid_(pid), line_(std::move(line)) {}
  void reap();

  pid_t pid_ = -1;
  UniqueFd line_{};
};

}  // namespace cr::engine
