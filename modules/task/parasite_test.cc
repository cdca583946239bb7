// The parasite's commands about tasks, called in the test's own process.
#include "task/parasite.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "core/in_child.h"

namespace cr::task {
namespace {

using core::in_child;

ThreadQuery ask_thread() {
  ThreadQuery q{};
  EXPECT_TRUE(ThreadQueryCommand::run(q, Arena{}).ok());
  return q;
}

ProcessQuery ask_process() {
  ProcessQuery q{};
  EXPECT_TRUE(ProcessQueryCommand::run(q, Arena{}).ok());
  return q;
}

TEST(TaskParasite, ThreadTellsWhatWasSet) {
  EXPECT_TRUE(in_child([] {
    int word = 0;
    syscall(SYS_set_tid_address, &word);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
    prctl(PR_SET_TIMERSLACK, 12345);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
    syscall(SYS_personality, 0x0040000);  // ADDR_NO_RANDOMIZE
    syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5);
    const ThreadQuery q = ask_thread();
    EXPECT_EQ(q.tid_address_error, 0);
    EXPECT_EQ(q.clear_child_tid, reinterpret_cast<std::uint64_t>(&word));
    EXPECT_NE(q.robust_list, 0u);
    EXPECT_EQ(q.robust_list_size, 24u);
    EXPECT_EQ(q.pdeathsig, SIGUSR2);
    EXPECT_EQ(q.timer_slack_ns, 12345);
    EXPECT_EQ(q.no_new_privs, 1);
    EXPECT_EQ(q.mce_kill, PR_MCE_KILL_EARLY);
    EXPECT_EQ(q.personality, 0x0040000);
    EXPECT_EQ(q.ioprio, 2 << 13 | 5);
    EXPECT_EQ(q.securebits, prctl(PR_GET_SECUREBITS));
    EXPECT_EQ(q.tsc_mode, PR_TSC_ENABLE);
  }));
}

TEST(TaskParasite, ThreadTellsItsMemoryPolicy) {
  EXPECT_TRUE(in_child([] {
    unsigned long nodes = 1;
    if (syscall(SYS_set_mempolicy, 3 /* MPOL_INTERLEAVE */, &nodes, 64) != 0) return;
    const ThreadQuery q = ask_thread();
    EXPECT_EQ(q.mempolicy_error, 0);
    EXPECT_EQ(q.mempolicy, 3);
    EXPECT_EQ(q.nodemask[0], 1u);
  }));
}

TEST(TaskParasite, ProcessTellsWhatWasSet) {
  EXPECT_TRUE(in_child([] {
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    umask(0123);
    const bool registered = syscall(SYS_membarrier, 1 << 4 /* REGISTER_PRIVATE_EXPEDITED */, 0, 0) == 0;
    const ProcessQuery q = ask_process();
    EXPECT_EQ(q.dumpable, 0);
    EXPECT_EQ(q.child_subreaper, 1);
    EXPECT_EQ(q.thp_disable, 1);
    EXPECT_EQ(q.umask, 0123u);
    EXPECT_EQ(umask(0), 0123u);  // asking changes nothing
    EXPECT_EQ(q.brk, reinterpret_cast<std::uint64_t>(sbrk(0)));
    if (registered && q.membarrier >= 0) {
      EXPECT_EQ(q.membarrier, 1 << 4);
    }
    EXPECT_TRUE(q.mdwe == 0 || q.mdwe < 0);
  }));
}

}  // namespace
}  // namespace cr::task
