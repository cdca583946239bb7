// The restorer's steps about tasks, each called in a child that then looks at itself.
#include "task/restorer.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "core/arena_builder.h"
#include "core/capability.h"
#include "core/in_child.h"
#include "core/proc_text.h"

namespace cr::task {
namespace {

using core::in_child;

RestoreProcess unset_process() {
  RestoreProcess p{};
  p.child_subreaper = p.thp_disable = p.memory_merge = p.mdwe = p.dumpable = p.futex_slots = p.timer_ids = kUnset;
  return p;
}

RestoreThread unset_thread() {
  RestoreThread t{};
  std::strcpy(t.comm, "name");
  t.personality = t.timer_slack_ns = t.io_flusher = t.tsc_mode = t.mce_kill = t.cpuid_allowed = t.mempolicy = kUnset;
  t.speculation[0] = t.speculation[1] = t.speculation[2] = kUnset;
  return t;
}

struct Blob {
  ArenaBuilder arena{};
  BlobCtx ctx() { return {arena.bytes().data()}; }
};

ThreadQuery ask_thread() {
  ThreadQuery q{};
  (void)ThreadQueryCommand::run(q, Arena{});
  return q;
}
ProcessQuery ask_process() {
  ProcessQuery q{};
  (void)ProcessQueryCommand::run(q, Arena{});
  return q;
}

TEST(TaskRestorer, UnsetLeavesEverything) {
  EXPECT_TRUE(in_child([] {
    Blob blob;
    const ThreadQuery before = ask_thread();
    const ProcessQuery process = ask_process();
    RestoreThread t = unset_thread();
    t.clear_child_tid = before.clear_child_tid;
    EXPECT_EQ(restore_thread(blob.ctx(), t).raw(), 0);
    EXPECT_EQ(finish_thread(blob.ctx(), t).raw(), 0);
    EXPECT_EQ(restore_process(blob.ctx(), unset_process()).raw(), 0);
    EXPECT_EQ(restore_limits(blob.ctx(), unset_process()).raw(), 0);
    EXPECT_EQ(finish_process(blob.ctx(), unset_process()).raw(), 0);
    const ThreadQuery after = ask_thread();
    const ProcessQuery process_after = ask_process();
    EXPECT_EQ(std::memcmp(&before, &after, sizeof before), 0);
    EXPECT_EQ(std::memcmp(&process, &process_after, sizeof process), 0);
  }));
}

TEST(TaskRestorer, Thread) {
  EXPECT_TRUE(in_child([] {
    Blob blob;
    int word = 0;
    alignas(32) static char rseq_area[32];
    struct {
      void* next;
      long offset;
      void* pending;
    } list{&list, 0, nullptr};
    RestoreThread t = unset_thread();
    std::strcpy(t.comm, "fifteen letters");
    t.clear_child_tid = reinterpret_cast<std::uint64_t>(&word);
    t.robust_list = reinterpret_cast<std::uint64_t>(&list);
    t.robust_list_size = sizeof list;
    t.personality = 0x0040000;
    t.timer_slack_ns = 4711;
    t.mce_kill = PR_MCE_KILL_LATE;
    t.pdeath_signal = SIGUSR1;
    t.mempolicy = 2;  // MPOL_BIND
    t.nodemask = blob.arena.add(std::vector<std::uint64_t>{1});
    (void)rseq_area;
    EXPECT_EQ(restore_thread(blob.ctx(), t).raw(), 0);
    EXPECT_EQ(finish_thread(blob.ctx(), t).raw(), 0);
    const ThreadQuery q = ask_thread();
    EXPECT_EQ(q.clear_child_tid, t.clear_child_tid);
    EXPECT_EQ(q.robust_list, t.robust_list);
    EXPECT_EQ(q.personality, 0x0040000);
    EXPECT_EQ(q.timer_slack_ns, 4711);
    EXPECT_EQ(q.mce_kill, PR_MCE_KILL_LATE);
    EXPECT_EQ(q.pdeathsig, SIGUSR1);
    if (q.mempolicy_error == 0) {
      EXPECT_EQ(q.mempolicy, 2);
      EXPECT_EQ(q.nodemask[0], 1u);
    }
    auto comm = core::read_text("/proc/thread-self/comm");
    EXPECT_EQ(comm.value(), "fifteen letters\n");
    syscall(SYS_set_robust_list, nullptr, sizeof list);
  }));
}

TEST(TaskRestorer, TscTrap) {
  EXPECT_TRUE(in_child([] {
    Blob blob;
    RestoreThread t = unset_thread();
    t.tsc_mode = PR_TSC_SIGSEGV;
    EXPECT_EQ(restore_thread(blob.ctx(), t).raw(), 0);
    int mode = 0;
    syscall(SYS_prctl, PR_GET_TSC, &mode);
    EXPECT_EQ(mode, PR_TSC_SIGSEGV);
    mode = PR_TSC_ENABLE;
    syscall(SYS_prctl, PR_SET_TSC, mode);
  }));
}

TEST(TaskRestorer, Process) {
  EXPECT_TRUE(in_child([] {
    Blob blob;
    RestoreProcess p = unset_process();
    p.child_subreaper = 1;
    p.thp_disable = 1;
    p.dumpable = 0;
    p.membarrier = 1 << 4;
    p.mdwe = ask_process().mdwe < 0 ? kUnset : 1;
    EXPECT_EQ(restore_process(blob.ctx(), p).raw(), 0);
    EXPECT_EQ(finish_process(blob.ctx(), p).raw(), 0);
    const ProcessQuery q = ask_process();
    EXPECT_EQ(q.child_subreaper, 1);
    EXPECT_EQ(q.thp_disable, 1);
    EXPECT_EQ(q.dumpable, 0);
    if (p.mdwe == 1) {
      EXPECT_EQ(q.mdwe, 1);
    }
    if (q.membarrier >= 0) {
      EXPECT_EQ(q.membarrier, 1 << 4);
    }
  }));
}

TEST(TaskRestorer, MemoryMergeOnAndOff) {
  if (ask_process().memory_merge < 0) GTEST_SKIP() << "kernel without PR_GET_MEMORY_MERGE";
  EXPECT_TRUE(in_child([] {
    Blob blob;
    RestoreProcess p = unset_process();
    p.memory_merge = 1;
    const SysResult r = restore_process(blob.ctx(), p);
    if (r.err() == EPERM) return;  // before 6.10 it needs CAP_SYS_RESOURCE
    EXPECT_EQ(r.raw(), 0);
    EXPECT_EQ(ask_process().memory_merge, 1);
    p.memory_merge = 0;
    EXPECT_EQ(restore_process(blob.ctx(), p).raw(), 0);
    EXPECT_EQ(ask_process().memory_merge, 0);
  }));
}

TEST(TaskRestorer, LimitsOnlyWhenDifferent) {
  EXPECT_TRUE(in_child([] {
    Blob blob;
    std::vector<RestoreLimit> limits;
    for (int i = 0; i < RLIM_NLIMITS; ++i) {
      rlimit own{};
      getrlimit(static_cast<__rlimit_resource>(i), &own);
      limits.push_back({own.rlim_cur, own.rlim_max});
    }
    limits[RLIMIT_CORE] = {0, 4096};
    limits[RLIMIT_NOFILE] = {100, 200};
    RestoreProcess p = unset_process();
    p.rlimits = blob.arena.add(limits);
    EXPECT_EQ(restore_limits(blob.ctx(), p).raw(), 0);
    rlimit now{};
    getrlimit(RLIMIT_NOFILE, &now);
    EXPECT_EQ(now.rlim_cur, 100u);
    EXPECT_EQ(now.rlim_max, 200u);
    getrlimit(RLIMIT_CORE, &now);
    EXPECT_EQ(now.rlim_max, 4096u);
    // A second time nothing has to be raised, so no capability is needed.
    EXPECT_EQ(restore_limits(blob.ctx(), p).raw(), 0);
  }));
}

}  // namespace
}  // namespace cr::task
