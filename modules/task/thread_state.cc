#include "task/thread_state.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/format.h"
#include "core/proc_text.h"
#include "infect/seize.h"

namespace cr::task {
namespace {

Result<> robust_list_of(HostPid tid, ThreadState& out) {
  void* head = nullptr;
  std::size_t size = 0;
  if (syscall(SYS_get_robust_list, tid.value, &head, &size) != 0)
    return Error{"thread_state", "get the robust futex list of", format("thread {}", tid), errno, ""};
  out.robust_list = reinterpret_cast<std::uint64_t>(head);
  out.robust_list_size = size;
  return {};
}

Result<std::string> comm_of(HostPid tid) {
  std::string text = TRY(core::read_proc(tid, "comm"));
  if (text.ends_with('\n')) text.pop_back();  // the kernel adds one; another may be part of the name
  return text;
}

}  // namespace

namespace thread_state {

Result<> collect(DumpCtx& ctx) {
  auto& model = ctx.models.edit<ThreadStateModel>();
  for (const Task& task : ctx.tree.tasks) {
    const core::StatFields stat = TRY(core::read_stat(task.live));
    TaskStat& out = model.tasks[task.pid];
    out.comm = TRY(comm_of(task.host));
    if (!task.alive()) continue;
    out.flags = static_cast<std::uint32_t>(stat.number(9));
    for (const Thread& thread : task.threads) {
      ThreadState& state = model.threads[thread.tid];
      state.comm = TRY(comm_of(thread.host));
      TRY(robust_list_of(thread.host, state));
    }
    for (const infect::SeizedThread& s : ctx.seized[task.index].threads())
      for (const Thread& thread : task.threads)
        if (thread.host == s.tid) model.threads[thread.tid].rseq = {s.rseq.pointer, s.rseq.size, s.rseq.signature, 0};
  }
  return {};
}

}  // namespace thread_state
}  // namespace cr::task
