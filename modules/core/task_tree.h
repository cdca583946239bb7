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
  std::vector<int> inner{};  ///< its numbers in the pid namespaces below the root's, as PidLevel of its task
};

/// Position of a task in TaskTree::tasks. Parents stand before their children.
using TaskIndex = std::size_t;
inline constexpr TaskIndex kNoTask = static_cast<TaskIndex>(-1);

/// The numbers of a task in one pid namespace; 0 for a group or session that is outside of it.
struct PidLevel {
  int pid = 0, pgid = 0, sid = 0;
  friend bool operator==(const PidLevel&, const PidLevel&) = default;
};

/// What clone(2) makes of the children of a task (/proc/PID/ns/pid_for_children).
struct ChildrenSpace {
  enum class Kind : std::uint8_t {
    kOwn,    ///< they live in the task's own pid namespace
    kEmpty,  ///< the next one becomes the init of a new one
    kOther,  ///< they live in that of `init`
  };
  Kind kind = Kind::kOwn;
  TaskIndex init = kNoTask;  ///< for kOther
};

struct Task {
  TaskIndex index = 0;
  TaskIndex parent = kNoTask;
  std::vector<TaskIndex> children;
  NsPid pid;
  NsPid pgid;  ///< 0 when the group is outside of the tree's pid namespace
  NsPid sid;   ///< 0 when the session is outside of the tree's pid namespace
  HostPid host;
  HostPid live;  ///< whose /proc entries show memory and descriptors: host, or a thread's when the leader has exited
  TaskState state = TaskState::kAlive;
  std::uint32_t exit_code = 0;  ///< of a zombie, as wait(2) gives it
  int exit_signal = 17;         ///< what its parent gets when it ends: SIGCHLD but for clone(2) with another
  int stop_signal = 0;          ///< of a stopped task: SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
  bool stop_reported = false;   ///< of a stopped task: its parent has waited for the stop already
  std::vector<Thread> threads;  ///< those that live, the leader first; empty for a zombie
  bool leader_exited = false;   ///< the main thread has ended by exit(2) while `threads` run on
  std::uint32_t leader_exit_code =
      0;  ///< field 52 of its stat line; what wait(2) gave before 5.18 when all threads just end
  std::vector<PidLevel> inner;  ///< in the pid namespaces below that of the root, the outermost first
  TaskIndex space = 0;          ///< the init of its pid namespace; of that of the root always 0
  ChildrenSpace children_space{};
  /// Restore: how many of its outermost numbers only the coordinator can see to, since its maker lives in a user
  /// namespace that has no say there; and of those of its threads but the first.
  std::size_t levels_free = 0, thread_levels_free = 0;

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

  // --- pid namespaces, each named by its init as Task::space is ---

  /// Whether everything in pid namespace `inner` is seen in `outer`: it is that one or one below it.
  bool is_seen_in(TaskIndex outer, TaskIndex inner) const;
  /// The number by which the tasks of pid namespace `viewer` know that process, thread, group or session of the tree;
  /// 0: they don't see it. In the namespace of the root every number is its own.
  int number_in(TaskIndex viewer, NsPid number) const;
  /// Those in all pid namespaces from below the root's down to `viewer`; empty when it is not seen there.
  std::vector<int> numbers_in(TaskIndex viewer, NsPid number) const;
  bool is_nested() const {
    for (const Task& t : tasks)
      if (!t.inner.empty()) return true;
    return false;
  }
};

}  // namespace cr
