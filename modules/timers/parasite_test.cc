// The timer commands, run in the test's own process.
#include "timers/parasite.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace cr::timers {
namespace {

TEST(ItimersQuery, AllThree) {
  const itimerval real{{5, 6}, {1000, 0}}, prof{{0, 0}, {2000, 0}};
  setitimer(ITIMER_REAL, &real, nullptr);
  setitimer(ITIMER_PROF, &prof, nullptr);
  ItimersQuery w{};
  ASSERT_TRUE(ItimersQueryCommand::run(w, Arena{}).ok());
  const itimerval off{};
  setitimer(ITIMER_REAL, &off, nullptr);
  setitimer(ITIMER_PROF, &off, nullptr);
  EXPECT_EQ(w.timer[0].interval_us, 5000006u);
  EXPECT_GT(w.timer[0].value_us, 990000000u);
  EXPECT_LE(w.timer[0].value_us, 1000000000u);
  EXPECT_EQ(w.timer[1].value_us, 0u);
  EXPECT_GT(w.timer[2].value_us, 1990000000u);
}

TEST(TimersQuery, TimeLeftOverrunAndErrors) {
  sigevent event{};
  event.sigev_notify = SIGEV_NONE;
  int id = -1;  // the kernel's id, not the C library's
  ASSERT_EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
  const itimerspec spec{{3, 4}, {100, 0}};
  ASSERT_EQ(syscall(SYS_timer_settime, id, 0, &spec, nullptr), 0);
  alignas(8) std::byte memory[256];
  auto* timers = reinterpret_cast<PosixTimer*>(memory + 64);
  timers[0].id = id;
  timers[1].id = 12345678;
  TimersQuery w{{64, 2}};
  ASSERT_TRUE(TimersQueryCommand::run(w, Arena{memory, sizeof memory}).ok());
  EXPECT_EQ(timers[0].error, 0);
  EXPECT_EQ(timers[0].interval_ns, 3000000004u);
  EXPECT_GT(timers[0].value_ns, 99000000000u);
  EXPECT_LE(timers[0].value_ns, 100000000000u);
  EXPECT_EQ(timers[0].overrun, 0);
  EXPECT_EQ(timers[1].error, -EINVAL);
  w.timers = {250, 2};
  EXPECT_EQ(TimersQueryCommand::run(w, Arena{memory, sizeof memory}).err(), EINVAL);
  syscall(SYS_timer_delete, id);
}

TEST(MissedQuery, CountsAndLeavesTheSignalPending) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, &before);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  event.sigev_value.sival_int = 9;
  int id = -1;
  ASSERT_EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), 0);
  const itimerspec spec{{0, 10000000}, {0, 10000000}};
  MissedQuery w{id, SIGRTMIN, CLOCK_MONOTONIC, 0, 0};
  ASSERT_TRUE(MissedQueryCommand::run(w, Arena{}).ok());
  EXPECT_EQ(w.found, 0);  // nothing is pending yet
  ASSERT_EQ(syscall(SYS_timer_settime, id, 0, &spec, nullptr), 0);
  usleep(105000);
  ASSERT_TRUE(MissedQueryCommand::run(w, Arena{}).ok());
  EXPECT_EQ(w.found, 1);
  EXPECT_GE(w.missed, 8u);
  // Once more: the count is that of before, and what was missed since.
  MissedQuery again{id, SIGRTMIN, CLOCK_MONOTONIC, 0, 0};
  usleep(20000);
  ASSERT_TRUE(MissedQueryCommand::run(again, Arena{}).ok());
  EXPECT_GE(again.missed, w.missed + 1);
  siginfo_t info;
  const timespec at_once{};
  EXPECT_EQ(sigtimedwait(&set, &info, &at_once), SIGRTMIN);
  EXPECT_EQ(info.si_value.sival_int, 9);
  EXPECT_GE(static_cast<std::uint64_t>(info.si_overrun), again.missed);
  // Another's signal of that number stays where it is.
  const itimerspec disarmed{};
  ASSERT_EQ(syscall(SYS_timer_settime, id, 0, &disarmed, nullptr), 0);
  sigtimedwait(&set, &info, &at_once);
  sigqueue(getpid(), SIGRTMIN, {.sival_int = 5});
  again.found = 0;
  ASSERT_TRUE(MissedQueryCommand::run(again, Arena{}).ok());
  EXPECT_EQ(again.found, 0);
  EXPECT_EQ(sigtimedwait(&set, &info, &at_once), SIGRTMIN);
  EXPECT_EQ(info.si_value.sival_int, 5);
  syscall(SYS_timer_delete, id);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace cr::timers
