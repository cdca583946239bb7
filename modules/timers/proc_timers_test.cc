#include <gtest/gtest.h>

#include <csignal>
#include <ctime>

#include "core/proc_text.h"
#include "timers/timers.h"

namespace cr::timers {
namespace {

// Linux 6.18 lists the newest first; thread and process CPU clocks are negative.
constexpr std::string_view kNew =
    "ID: 8\nsignal: 34/00007fffcafe0000\nnotify: signal/tid.4443\nClockID: -35550\n"
    "ID: 7\nsignal: 0/0000000000000000\nnotify: none/pid.26150\nClockID: 1\n"
    "ID: 0\nsignal: 10/0000000000000000\nnotify: signal/pid.26150\nClockID: 3\n";
// Linux 3.10 to 4.x: the oldest first.
constexpr std::string_view kOld =
    "ID: 0\nsignal: 60/0000000000000000\nnotify: signal/pid.2634\nClockID: 0\n"
    "ID: 1\nsignal: 60/0xdeadbeef\nnotify: thread/pid.2634\nClockID: 7\n";

TEST(ProcTimers, ReadsTheNewOrder) {
  auto r = parse_timers(kNew);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  const auto& t = r.value();
  ASSERT_EQ(t.size(), 3u);
  EXPECT_EQ(t[0].id, 0);
  EXPECT_EQ(t[0].signal, SIGUSR1);
  EXPECT_EQ(t[0].clock, CLOCK_THREAD_CPUTIME_ID);
  EXPECT_EQ(t[0].notify, kNotifySignal);
  EXPECT_EQ(t[1].id, 7);
  EXPECT_EQ(t[1].notify, kNotifyNone);
  EXPECT_EQ(t[2].id, 8);
  EXPECT_EQ(t[2].sigval, 0x7fffcafe0000u);
  EXPECT_EQ(t[2].notify, kNotifySignal | kNotifyThreadId);
  EXPECT_EQ(t[2].target, NsPid{4443});
  EXPECT_EQ(t[2].clock, -35550);
}

TEST(ProcTimers, ReadsTheOldOrder) {
  auto r = parse_timers(kOld);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  ASSERT_EQ(r.value().size(), 2u);
  EXPECT_EQ(r.value()[1].notify, kNotifyThread);
  EXPECT_EQ(r.value()[1].sigval, 0xdeadbeefu);
  EXPECT_EQ(r.value()[1].clock, CLOCK_BOOTTIME);
}

TEST(ProcTimers, EmptyIsNoTimer) {
  auto r = parse_timers("");
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r.value().empty());
}

TEST(ProcTimers, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(parse_timers("ID: x\n").ok());
  EXPECT_FALSE(parse_timers("signal: 1/0\n").ok());
  EXPECT_FALSE(parse_timers("ID: 1\nsignal: 1\n").ok());
  EXPECT_FALSE(parse_timers("ID: 1\nnotify: pigeon/pid.3\n").ok());
  EXPECT_FALSE(parse_timers("ID: 1\nnotify: signal/nobody\n").ok());
  EXPECT_FALSE(parse_timers("ID: 1\nClockID: soon\n").ok());
  EXPECT_FALSE(parse_timers("rubbish\n").ok());
}

TEST(ProcTimers, ReadsOnesOwn) {
  timer_t timer;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  event.sigev_value.sival_int = 5;
  ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  auto text = core::read_text("/proc/self/timers");
  ASSERT_TRUE(text.ok());
  auto r = parse_timers(text.value());
  timer_delete(timer);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  ASSERT_EQ(r.value().size(), 1u);
  EXPECT_EQ(r.value()[0].signal, SIGRTMIN);
  EXPECT_EQ(r.value()[0].sigval & 0xffffffff, 5u);
  EXPECT_EQ(r.value()[0].clock, CLOCK_MONOTONIC);
}

}  // namespace
}  // namespace cr::timers
