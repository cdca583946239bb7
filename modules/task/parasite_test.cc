// The task commands, run in the test's own process.
#include "task/parasite.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

namespace cr::task {
namespace {

template <class Command>
typename Command::Wire ask() {
  typename Command::Wire w;
  memset(&w, 0xee, sizeof w);
  EXPECT_TRUE(Command::run(w, Arena{}).ok());
  return w;
}

TEST(ThreadQuery, SaysWhatPrctlSays) {
  prctl(PR_SET_PDEATHSIG, SIGUSR2);
  prctl(PR_SET_TIMERSLACK, 123456);
  const ThreadQuery w = ask<ThreadQueryCommand>();
  prctl(PR_SET_PDEATHSIG, 0);
  EXPECT_EQ(w.pdeathsig, SIGUSR2);
  EXPECT_EQ(w.timer_slack_ns, 123456);
  EXPECT_EQ(w.securebits, prctl(PR_GET_SECUREBITS));
  EXPECT_EQ(w.keepcaps, 0);
  EXPECT_EQ(w.no_new_privs, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  EXPECT_EQ(w.seccomp_mode, 0);
  EXPECT_EQ(w.tsc_mode, PR_TSC_ENABLE);
  EXPECT_GE(w.personality, 0);
  EXPECT_GE(w.ioprio, 0);
  EXPECT_NE(w.robust_list, 0u);
  EXPECT_EQ(w.robust_list_size, 24u);
  if (w.tid_address_error == 0) {
    EXPECT_NE(w.clear_child_tid, 0u);
  }
  if (w.mempolicy_error == 0) {
    EXPECT_EQ(w.mempolicy, 0);
    EXPECT_EQ(w.nodemask[0], 0u);
  }
}

TEST(ThreadQuery, IsPerThread) {
  const ThreadQuery here = ask<ThreadQueryCommand>();
  ThreadQuery there{};
  std::thread([&] {
    prctl(PR_SET_TIMERSLACK, 77777);
    there = ask<ThreadQueryCommand>();
  }).join();
  EXPECT_NE(here.robust_list, there.robust_list);
  EXPECT_EQ(there.timer_slack_ns, 77777);
}

TEST(ProcessQuery, SaysAndLeavesThingsAsTheyAre) {
  umask(027);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const ProcessQuery w = ask<ProcessQueryCommand>();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  EXPECT_EQ(w.umask, 027u);
  EXPECT_EQ(umask(022), 027u);
  EXPECT_EQ(w.child_subreaper, 1);
  EXPECT_EQ(w.dumpable, prctl(PR_GET_DUMPABLE));
  EXPECT_EQ(w.thp_disable, 0);
  EXPECT_EQ(w.brk, reinterpret_cast<std::uint64_t>(sbrk(0)));
}

}  // namespace
}  // namespace cr::task
