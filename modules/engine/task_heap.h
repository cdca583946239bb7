// Memory for operator new in a process that was forked to become a task. What the coordinator has allocated and freed
// lies scattered over hundreds of pages that all tasks share with it; each allocation there, and each deallocation,
// would copy a page. A task takes its memory from a region of its own, in order, and gives nothing small back: all of
// it goes when the restorer unmaps the engine. Measured for 200 small tasks: 162 page faults each before, see
// docs/benchmarks.md.
#pragma once

namespace cr::engine {

/// From now on, in the calling thread and in what it forks: operator new takes from the region, and operator delete
/// of what is known to be small does nothing. Other threads go on as before.
void use_task_heap();

}  // namespace cr::engine
