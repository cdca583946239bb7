#include "task/thread_state.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/host.h"
#include "base/format.h"
#include "base/page_size.h"
#include "core/proc_text.h"
#include "infect/seize.h"

namespace cr::task {
namespace {

/// That of a thread that runs 32-bit code: its own call tells it, and takes pointers that are as short.
Result<> compat_robust_list_of(HostPid tid, ThreadState& out) {
  struct Answer {
    std::uint32_t head, size;
  };
  void* const page =
      mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | arch::kMapCompat, -1, 0);
  if (page == MAP_FAILED) return Error{"thread_state", "map memory for", "an answer of 32 bits", errno, ""};
  auto* answer = static_cast<Answer*>(page);
  const SysResult asked =
      arch::compat_call(arch::kCompatGetRobustList, tid.value, reinterpret_cast<long>(&answer->head),
                        reinterpret_cast<long>(&answer->size), 0);
  out.robust_list = answer->head;
  out.robust_list_size = answer->size;
  munmap(page, page_size());
  if (asked.ok()) return {};
  return Error{"thread_state", "get the robust futex list of", format("thread {}", tid), asked.err(), ""};
}

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
    }
    for (const infect::SeizedThread& s : ctx.seized[task.index].threads())
      for (const Thread& thread : task.threads) {
        if (thread.host != s.tid) continue;
        ThreadState& state = model.threads[thread.tid];
        state.rseq = {s.rseq.pointer, s.rseq.size, s.rseq.signature, 0};
        TRY(arch::is_compat(s.regs) ? compat_robust_list_of(s.tid, state) : robust_list_of(s.tid, state));
      }
  }
  return {};
}

}  // namespace thread_state
}  // namespace cr::task
