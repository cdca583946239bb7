#include "task/scheduling.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/in_child.h"

namespace cr::task {
namespace {

using core::in_child;

Scheduling now() {
  auto r = sched::scheduling_of(HostPid{0});
  EXPECT_TRUE(r.ok()) << r.error().sentence();
  return r.ok() ? r.take() : Scheduling{};
}

void apply(const Scheduling& wanted) {
  auto r = sched::apply(HostPid{getpid()}, now(), wanted);
  EXPECT_TRUE(r.ok()) << r.error().sentence();
}

TEST(Scheduling, TellsOfTheCaller) {
  const Scheduling s = now();
  ASSERT_TRUE(s.attr);
  EXPECT_EQ(s.attr->policy, static_cast<std::uint32_t>(sched_getscheduler(0)));
  EXPECT_EQ(s.attr->nice, getpriority(PRIO_PROCESS, 0));
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  ASSERT_FALSE(s.affinity.empty());
  EXPECT_EQ(s.affinity[0] & 1, static_cast<unsigned>(CPU_ISSET(0, &set)));
}

TEST(Scheduling, NiceAndBatch) {
  EXPECT_TRUE(in_child([] {
    Scheduling wanted = now();
    wanted.attr->policy = SCHED_BATCH;
    wanted.attr->nice = 7;
    wanted.attr->flags = kSchedFlagResetOnFork;
    wanted.attr->runtime = 0;
    apply(wanted);
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 7);
  }));
}

TEST(Scheduling, AffinityAndIoPriority) {
  EXPECT_TRUE(in_child([] {
    Scheduling wanted = now();
    wanted.affinity = {1};
    wanted.ioprio = 3 << 13;  // IOPRIO_CLASS_IDLE
    apply(wanted);
    cpu_set_t set;
    EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    EXPECT_TRUE(CPU_ISSET(0, &set));
    EXPECT_EQ(syscall(SYS_ioprio_get, 1, 0), 3 << 13);
  }));
}

TEST(Scheduling, Idle) {
  EXPECT_TRUE(in_child([] {
    Scheduling wanted = now();
    wanted.attr = SchedAttr{.policy = SCHED_IDLE};
    apply(wanted);
    EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
  }));
}

TEST(Scheduling, DeadlineWhereAllowed) {
  EXPECT_TRUE(in_child([] {
    Scheduling wanted = now();
    wanted.attr = SchedAttr{.policy = kSchedDeadline, .runtime = 1000000, .deadline = 5000000, .period = 10000000};
    auto r = sched::apply(HostPid{getpid()}, now(), wanted);
    if (!r.ok()) {  // no CAP_SYS_NICE, or no bandwidth: then at least by name
      EXPECT_NE(r.error().sentence().find("policy"), std::string::npos) << r.error().sentence();
      return;
    }
    const Scheduling got = now();
    EXPECT_EQ(got.attr->policy, kSchedDeadline);
    EXPECT_EQ(got.attr->runtime, 1000000u);
    EXPECT_EQ(got.attr->deadline, 5000000u);
    EXPECT_EQ(got.attr->period, 10000000u);
  }));
}

TEST(Scheduling, ACpuThatIsNotThereIsRefused) {
  Scheduling wanted = now();
  wanted.affinity = {0, 0, 0, 0, 1ull << 63};
  auto r = sched::apply(HostPid{getpid()}, now(), wanted);
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("affinity"), std::string::npos);
}

}  // namespace
}  // namespace cr::task
