#include "core/task_tree.h"

namespace cr {
namespace {

/// The first `levels` numbers of a task, taken from one field.
std::vector<int> take(const Task& t, std::size_t levels, int PidLevel::*field) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < levels; ++i) numbers.push_back(t.inner[i].*field);
  return numbers;
}

}  // namespace

bool TaskTree::is_seen_in(TaskIndex outer, TaskIndex inner) const {
  while (inner != 0 && inner != outer) inner = tasks[tasks[inner].parent].space;
  return inner == outer;
}

std::vector<int> TaskTree::numbers_in(TaskIndex viewer, NsPid number) const {
  if (viewer == 0) return {};
  const std::size_t levels = tasks[viewer].inner.size();
  for (const Task& t : tasks) {
    if (!is_seen_in(viewer, t.space)) continue;
    const PidLevel& seen = t.inner[levels - 1];
    if (t.pid == number) return take(t, levels, &PidLevel::pid);
    for (const Thread& th : t.threads)
      if (th.tid == number) return {th.inner.begin(), th.inner.begin() + static_cast<std::ptrdiff_t>(levels)};
    // Of a group or session that nobody leads any more its members tell.
    if (t.pgid == number && seen.pgid != 0) return take(t, levels, &PidLevel::pgid);
    if (t.sid == number && seen.sid != 0) return take(t, levels, &PidLevel::sid);
  }
  return {};
}

int TaskTree::number_in(TaskIndex viewer, NsPid number) const {
  if (viewer == 0) return number.value;
  const std::vector<int> numbers = numbers_in(viewer, number);
  return numbers.empty() ? 0 : numbers.back();
}

}  // namespace cr
