// The processes and threads of the tree, as dump finds them and restore makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace cr {

/// What a task was doing, with the numbers that the image format gives it (core_entry.tc.task_state).
enum class TaskState : std::uint32_t { kAlive = 1, kZombie = 2, kStopped = 3 };

/// One thread; `host` is unset (0) on restore until the thread exists.
struct Thread {
  NsPid tid;
  HostPid host;
};

/// Position of a task in TaskTree::tasks. Parents stand before their children.
using TaskIndex = std::size_t;
inline constexpr TaskIndex kNoTask = static_cast<TaskIndex>(-1);

struct Task {
  TaskIndex index = 0;
  TaskIndex parent = kNoTask;
  std::vector<TaskIndex> children;
  NsPid pid;
  NsPid pgid;  ///< 0 when the group is outside of the tree's pid namespace
  NsPid sid;   ///< 0 when the session is outside of the tree's pid namespace
  HostPid host;
  TaskState state = TaskState::kAlive;
  std::uint32_t exit_code = 0;  ///< of a zombie, as wait(2) gives it
  int exit_signal = 17;         ///< what its parent gets when it ends: SIGCHLD but for clone(2) with another
  int stop_signal = 0;          ///< of a stopped task: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
  std::vector<Thread> threads;  ///< the leader first; empty for a zombie

  bool alive() const { return state != TaskState::kZombie; }
};

struct TaskTree {
  std::vector<Task> tasks;  ///< [0] is the root

  Task& root() { return tasks.front(); }
  const Task& root() const { return tasks.front(); }
  /// The task with that pid, or nullptr.
  const Task* find(NsPid pid) const {
    for (const Task& t : tasks)
      if (t.pid == pid) return &t;
    return nullptr;
  }
  /// The task that thread `tid` belongs to, or nullptr.
  const Task* owner_of(NsPid tid) const {
    for (const Task& t : tasks)
      for (const Thread& th : t.threads)
        if (th.tid == tid) return &t;
    return nullptr;
  }
};

}  // namespace cr
