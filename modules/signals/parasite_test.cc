// The signal commands, run in the test's own process.
#include "signals/parasite.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <vector>

namespace cr::signals {
namespace {

void handler(int) {}

TEST(ActionsQuery, RawDispositions) {
  struct sigaction sa {};
  sa.sa_handler = handler;
  sa.sa_flags = SA_RESTART;
  sigaddset(&sa.sa_mask, SIGHUP);
  sigaction(SIGUSR1, &sa, nullptr);
  signal(SIGUSR2, SIG_IGN);
  static ActionsQuery w;
  ASSERT_TRUE(ActionsQueryCommand::run(w, Arena{}).ok());
  const KernelSigaction& a = w.action[SIGUSR1 - 1];
  EXPECT_EQ(a.handler, reinterpret_cast<std::uint64_t>(handler));
  EXPECT_TRUE(a.flags & SA_RESTART);
  EXPECT_EQ(a.mask, 1u << (SIGHUP - 1));
  if (a.flags & 0x04000000) {  // SA_RESTORER
    EXPECT_NE(a.restorer, 0u);
  }
  EXPECT_EQ(w.action[SIGUSR2 - 1].handler, reinterpret_cast<std::uint64_t>(SIG_IGN));
  EXPECT_EQ(w.action[SIGTERM - 1].handler, 0u);
}

TEST(AltStackQuery, SaysWhatIsSet) {
  std::vector<char> memory(65536);
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
  AltStackQuery w{};
  ASSERT_TRUE(AltStackQueryCommand::run(w, Arena{}).ok());
  EXPECT_EQ(w.sp, reinterpret_cast<std::uint64_t>(memory.data()));
  EXPECT_EQ(w.size, memory.size());
  EXPECT_EQ(w.flags, 0);
  stack.ss_flags = SS_DISABLE;
  ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
  ASSERT_TRUE(AltStackQueryCommand::run(w, Arena{}).ok());
  EXPECT_EQ(w.flags, SS_DISABLE);
}

}  // namespace
}  // namespace cr::signals
