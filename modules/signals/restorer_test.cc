// The restorer's steps about signals, called in a child that then looks at itself, and the parasite's questions.
#include "signals/restorer.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>

#include "core/arena_builder.h"
#include "core/in_child.h"
#include "signals/parasite.h"

namespace cr::signals {
namespace {

using core::in_child;

void block_all() {
  std::uint64_t all = ~0ull;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, 8);
}

KernelSiginfo info_of(int signal, int code, std::uint64_t payload) {
  KernelSiginfo info{};
  info.signo = signal;
  info.code = code;
  info.rest[1] = payload;  // si_value of SI_QUEUE
  return info;
}

/// The next pending signal of the set, oldest first; signo 0 when there is none.
KernelSiginfo take(int signal) {
  KernelSiginfo info{};
  const std::uint64_t set = 1ull << (signal - 1);
  const timespec none{};
  if (syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8) < 0) info.signo = 0;
  return info;
}

std::vector<KernelSigaction> current_actions() {
  ActionsQuery q{};
  EXPECT_TRUE(ActionsQueryCommand::run(q, Arena{}).ok());
  return {std::begin(q.action), std::end(q.action)};
}

void handler(int) {}

TEST(SignalsParasite, TellsActionsAndStack) {
  EXPECT_TRUE(in_child([] {
    struct sigaction sa {};
    sa.sa_handler = handler;
    sa.sa_flags = SA_RESTART | SA_NODEFER;
    sigaddset(&sa.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &sa, nullptr);
    signal(SIGPIPE, SIG_IGN);
    static char memory[65536];
    stack_t stack{memory, 0, sizeof memory};
    sigaltstack(&stack, nullptr);
    const auto actions = current_actions();
    EXPECT_EQ(actions[SIGUSR1 - 1].handler, reinterpret_cast<std::uint64_t>(handler));
    EXPECT_EQ(actions[SIGUSR1 - 1].flags & (SA_RESTART | SA_NODEFER), static_cast<unsigned>(SA_RESTART | SA_NODEFER));
    EXPECT_EQ(actions[SIGUSR1 - 1].mask, 1u);
    EXPECT_EQ(actions[SIGPIPE - 1].handler, 1u);
    AltStackQuery q{};
    EXPECT_TRUE(AltStackQueryCommand::run(q, Arena{}).ok());
    EXPECT_EQ(q.sp, reinterpret_cast<std::uint64_t>(memory));
    EXPECT_EQ(q.size, sizeof memory);
    EXPECT_EQ(q.flags, 0);
  }));
}

TEST(SignalsRestorer, ActionsComeBack) {
  EXPECT_TRUE(in_child([] {
    block_all();
    auto actions = current_actions();
    actions[SIGUSR1 - 1] = {reinterpret_cast<std::uint64_t>(handler), SA_RESTART, 0, 2};
    actions[SIGCHLD - 1] = {1, 0, 0, 0};
    actions[63] = {reinterpret_cast<std::uint64_t>(handler), SA_SIGINFO, 0, 0};
    ArenaBuilder arena;
    RestoreProcess p{arena.add(actions), {}};
    EXPECT_EQ(restore_process({arena.bytes().data()}, p).raw(), 0);
    const auto got = current_actions();
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].handler, actions[i].handler) << i + 1;
    EXPECT_EQ(got[SIGUSR1 - 1].mask, 2u);
    EXPECT_EQ(got[63].flags & SA_SIGINFO, static_cast<unsigned>(SA_SIGINFO));
  }));
}

TEST(SignalsRestorer, QueuesComeBackInOrderWithTheirSiginfo) {
  EXPECT_TRUE(in_child([] {
    block_all();
    ArenaBuilder arena;
    KernelSiginfo child = info_of(SIGCHLD, 1 /* CLD_EXITED */, 7);
    const int rt = SIGRTMIN + 3;
    RestoreProcess p{};
    p.shared =
        arena.add(std::vector<KernelSiginfo>{info_of(rt, -1, 1), child, info_of(rt, -1, 2), info_of(rt, 0, 3)});
    RestoreThread t{};
    t.stack_flags = 2;
    t.queue = arena.add(std::vector<KernelSiginfo>{info_of(SIGUSR2, -6 /* SI_TKILL */, 0), info_of(SIGTSTP, 0, 0)});
    EXPECT_EQ(restore_process({arena.bytes().data()}, p).raw(), 0);
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    const KernelSiginfo one = take(rt), two = take(rt), three = take(rt);
    EXPECT_EQ(one.rest[1], 1u);
    EXPECT_EQ(two.rest[1], 2u);
    EXPECT_EQ(three.rest[1], 3u);
    EXPECT_EQ(three.code, 0);
    EXPECT_EQ(take(rt).signo, 0);
    EXPECT_EQ(take(SIGCHLD).code, 1);
    EXPECT_EQ(take(SIGUSR2).code, -6);
    EXPECT_EQ(take(SIGTSTP).signo, SIGTSTP);
  }));
}

TEST(SignalsRestorer, IgnoredButBlockedStaysPending) {
  EXPECT_TRUE(in_child([] {
    block_all();
    auto actions = current_actions();
    actions[SIGUSR1 - 1] = {1, 0, 0, 0};
    ArenaBuilder arena;
    RestoreProcess p{arena.add(actions), arena.add(std::vector<KernelSiginfo>{info_of(SIGUSR1, 0, 0)})};
    EXPECT_EQ(restore_process({arena.bytes().data()}, p).raw(), 0);
    EXPECT_EQ(take(SIGUSR1).signo, SIGUSR1);
  }));
}

TEST(SignalsRestorer, AltStack) {
  EXPECT_TRUE(in_child([] {
    static char memory[65536];
    RestoreThread t{};
    t.stack_sp = reinterpret_cast<std::uint64_t>(memory);
    t.stack_size = sizeof memory;
    t.stack_flags = static_cast<std::int32_t>(1u << 31);  // SS_AUTODISARM
    EXPECT_EQ(restore_thread({nullptr}, t).raw(), 0);
    stack_t now{};
    sigaltstack(nullptr, &now);
    EXPECT_EQ(now.ss_sp, memory);
    EXPECT_EQ(now.ss_size, sizeof memory);
    EXPECT_EQ(now.ss_flags, t.stack_flags);
    t = {};
    t.stack_flags = SS_DISABLE;
    EXPECT_EQ(restore_thread({nullptr}, t).raw(), 0);
    sigaltstack(nullptr, &now);
    EXPECT_EQ(now.ss_flags, SS_DISABLE);
  }));
}

}  // namespace
}  // namespace cr::signals
