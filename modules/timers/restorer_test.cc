// The restorer's steps about timers, called in a child that then looks at itself, and the parasite's questions.
#include "timers/restorer.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "core/arena_builder.h"
#include "core/in_child.h"
#include "core/proc_text.h"
#include "timers/parasite.h"
#include "timers/timers.h"

namespace cr::timers {
namespace {

using core::in_child;

constexpr std::uint64_t kMs = 1000000;

void block_all() {
  std::uint64_t all = ~0ull;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, 8);
}

RestoreTimer timer(std::int32_t id, std::int32_t clock, int signal, std::uint64_t interval_ns,
                   std::uint64_t value_ns) {
  RestoreTimer t{};
  t.id = id;
  t.clock = clock;
  t.signal = signal;
  t.interval_ns = interval_ns;
  t.value_ns = value_ns;
  return t;
}

SysResult restore(const std::vector<RestoreTimer>& timers) {
  ArenaBuilder arena;
  RestoreProcess p{};
  p.timers = arena.add(timers);
  return restore_process({arena.bytes().data()}, p);
}

PosixTimer ask(std::int32_t id) {
  alignas(16) PosixTimer buffer[1] = {{id, 0, 0, 0, 0}};
  TimersQuery q{{0, 1}};
  EXPECT_TRUE(TimersQueryCommand::run(q, Arena{reinterpret_cast<std::byte*>(buffer), sizeof buffer}).ok());
  return buffer[0];
}

signals::KernelSiginfo take(int signal, long wait_ms) {
  signals::KernelSiginfo info{};
  const std::uint64_t set = 1ull << (signal - 1);
  const timespec patience{wait_ms / 1000, wait_ms % 1000 * 1000000};
  if (syscall(SYS_rt_sigtimedwait, &set, &info, &patience, 8) < 0) info.signo = 0;
  return info;
}

TEST(TimersParasite, Itimers) {
  EXPECT_TRUE(in_child([] {
    itimerval value{{5, 500}, {100, 0}};
    setitimer(ITIMER_REAL, &value, nullptr);
    ItimersQuery q{};
    EXPECT_TRUE(ItimersQueryCommand::run(q, Arena{}).ok());
    EXPECT_EQ(q.timer[0].interval_us, 5000500u);
    EXPECT_LE(q.timer[0].value_us, 100000000u);
    EXPECT_GT(q.timer[0].value_us, 99000000u);
    EXPECT_EQ(q.timer[1].value_us, 0u);
  }));
}

TEST(TimersParasite, AnIdThatIsNotThere) { EXPECT_EQ(ask(4711).error, -22); }

TEST(TimersRestorer, Itimers) {
  EXPECT_TRUE(in_child([] {
    block_all();
    RestoreProcess p{};
    p.itimers[0] = {2000001, 1000002};
    p.itimers[2] = {0, 3000000};
    EXPECT_EQ(restore_process({nullptr}, p).raw(), 0);
    itimerval now{};
    getitimer(ITIMER_REAL, &now);
    EXPECT_EQ(now.it_interval.tv_sec, 2);
    EXPECT_EQ(now.it_interval.tv_usec, 1);
    EXPECT_TRUE(now.it_value.tv_sec == 1 || now.it_value.tv_usec > 900000);
    getitimer(ITIMER_PROF, &now);
    EXPECT_GE(now.it_value.tv_sec, 2);
  }));
}

TEST(TimersRestorer, IdsWithHoles) {
  EXPECT_TRUE(in_child([] {
    block_all();
    EXPECT_EQ(
        restore({timer(3, CLOCK_MONOTONIC, SIGUSR1, 0, 0), timer(4, CLOCK_REALTIME, SIGUSR2, 7 * kMs, 5000 * kMs),
                 timer(900, CLOCK_BOOTTIME, SIGRTMIN, 0, 60000 * kMs)})
            .raw(),
        0);
    auto list = parse_timers(core::read_text("/proc/self/timers").value());
    ASSERT_TRUE(list.ok());
    ASSERT_EQ(list.value().size(), 3u);
    EXPECT_EQ(list.value()[0].id, 3);
    EXPECT_EQ(list.value()[1].id, 4);
    EXPECT_EQ(list.value()[1].clock, CLOCK_REALTIME);
    EXPECT_EQ(list.value()[1].signal, SIGUSR2);
    EXPECT_EQ(list.value()[2].id, 900);
    EXPECT_EQ(ask(3).value_ns, 0u);
    EXPECT_EQ(ask(4).interval_ns, 7 * kMs);
    EXPECT_GT(ask(4).value_ns, 4900 * kMs);
    EXPECT_LE(ask(4).value_ns, 5000 * kMs);
  }));
}

TEST(TimersRestorer, IdsByCountingUp) {
  EXPECT_TRUE(in_child([] {
    for (std::int32_t id : {2, 5, 6})
      EXPECT_EQ(create_timer(timer(id, CLOCK_MONOTONIC, SIGUSR1, 0, 0), false).raw(), 0);
    auto list = parse_timers(core::read_text("/proc/self/timers").value());
    ASSERT_EQ(list.value().size(), 3u);
    EXPECT_EQ(list.value()[0].id, 2);
    EXPECT_EQ(list.value()[2].id, 6);
    EXPECT_EQ(create_timer(timer(1, CLOCK_MONOTONIC, SIGUSR1, 0, 0), false).err(), EEXIST);
  }));
}

TEST(TimersRestorer, OwnCpuClocks) {
  EXPECT_TRUE(in_child([] {
    block_all();
    const std::int32_t own = static_cast<std::int32_t>(~static_cast<std::uint32_t>(getpid()) << 3 | 6);
    RestoreTimer to_thread = timer(2, own, SIGRTMIN, 0, 10000 * kMs);
    to_thread.notify = kNotifyThreadId;
    to_thread.target = getpid();
    EXPECT_EQ(restore({timer(0, CLOCK_PROCESS_CPUTIME_ID, SIGUSR1, 0, 10000 * kMs),
                       timer(1, CLOCK_THREAD_CPUTIME_ID, SIGUSR1, 0, 10000 * kMs), to_thread})
                  .raw(),
              0);
    auto list = parse_timers(core::read_text("/proc/self/timers").value());
    ASSERT_EQ(list.value().size(), 3u);
    EXPECT_EQ(list.value()[2].clock, own);
    EXPECT_EQ(list.value()[2].target.value, getpid());
    EXPECT_GT(ask(0).value_ns, 9000 * kMs);
    EXPECT_GT(ask(1).value_ns, 9000 * kMs);
  }));
}

TEST(TimersRestorer, ExpiredOneShotHasItsSignalPending) {
  EXPECT_TRUE(in_child([] {
    block_all();
    RestoreTimer t = timer(5, CLOCK_MONOTONIC, SIGUSR1, 0, 0);
    t.expired = 1;
    EXPECT_EQ(restore({t}).raw(), 0);
    const auto info = take(SIGUSR1, 500);
    EXPECT_EQ(info.signo, SIGUSR1);
    EXPECT_EQ(info.code, kSiTimer);
    EXPECT_EQ(static_cast<std::int32_t>(info.rest[0]), 5);
    EXPECT_EQ(ask(5).value_ns, 0u);
  }));
}

TEST(TimersRestorer, ExpiredPeriodicKeepsItsPhase) {
  EXPECT_TRUE(in_child([] {
    block_all();
    RestoreTimer t = timer(1, CLOCK_MONOTONIC, SIGUSR1, 1000 * kMs, 400 * kMs);
    t.steps_back = 1;
    EXPECT_EQ(restore({t}).raw(), 0);
    EXPECT_EQ(take(SIGUSR1, 500).signo, SIGUSR1);
    EXPECT_EQ(take(SIGUSR1, 0).signo, 0);
    EXPECT_LE(ask(1).value_ns, 400 * kMs);
    EXPECT_GT(ask(1).value_ns, 100 * kMs);
  }));
}

TEST(TimersRestorer, OverrunCountOfTheLastDelivery) {
  EXPECT_TRUE(in_child([] {
    block_all();
    RestoreTimer t = timer(1, CLOCK_MONOTONIC, SIGUSR1, 1000 * kMs, 600 * kMs);
    t.steps_back = 4;
    t.take_signal = 1;
    EXPECT_EQ(restore({t}).raw(), 0);
    EXPECT_EQ(ask(1).overrun, 3);
    EXPECT_EQ(take(SIGUSR1, 0).signo, 0);
    EXPECT_LE(ask(1).value_ns, 600 * kMs);
    EXPECT_GT(ask(1).value_ns, 300 * kMs);
  }));
}

TEST(TimersRestorer, SignalsOfTimersThatAreGone) {
  EXPECT_TRUE(in_child([] {
    block_all();
    ArenaBuilder arena;
    signals::KernelSiginfo info{SIGRTMIN, 0, kSiTimer, 0, {77}};
    RestoreProcess p{};
    p.orphans = arena.add(std::vector{info});
    RestoreThread t{};
    info.signo = SIGUSR2;
    t.orphans = arena.add(std::vector{info});
    EXPECT_EQ(restore_process({arena.bytes().data()}, p).raw(), 0);
    EXPECT_EQ(restore_thread({arena.bytes().data()}, t).raw(), 0);
    EXPECT_EQ(take(SIGRTMIN, 0).rest[0], 77u);
    EXPECT_EQ(take(SIGUSR2, 0).code, kSiTimer);
  }));
}

}  // namespace
}  // namespace cr::timers
