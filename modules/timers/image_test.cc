// Timers through a core image and back, those of the samples, and what the restorer is told of them.
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <ctime>

#include "core/image_fixture.h"
#include "signals/signals.h"
#include "task/core.pb.h"
#include "timers/timers.h"
#include "timers/wire.h"

namespace cr::timers {
namespace {

struct Fixture {
  Options opt{};
  core::ImageReaderDir reader{};
  DumpCtx dump{.opt = opt, .images = {}};
  TaskTree tree{};
  Models models{};
  ReadCtx read{opt, reader, tree, models};
};

Task task_of(int pid, int other) {
  Task t;
  t.pid = NsPid{pid};
  t.threads = {{NsPid{pid}, {}}, {NsPid{other}, {}}};
  return t;
}

Timer a_timer(std::int32_t id) {
  Timer t;
  t.id = id;
  t.clock = CLOCK_MONOTONIC;
  t.signal = SIGUSR1;
  t.notify = kNotifySignal;
  t.interval_ns = 2500000000;
  t.value_ns = 1000000001;
  return t;
}

TEST(TimersImage, RoundTrip) {
  Fixture f;
  const Task t = task_of(17, 18);
  ProcessTimers& from = f.dump.models.edit<Model>().processes[t.pid];
  from.itimers = {Itimer{1000001, 2000002}, Itimer{}, Itimer{0, 3}};
  from.posix = {a_timer(1), a_timer(7)};
  from.posix[1].notify = kNotifyThreadId;
  from.posix[1].target = NsPid{18};
  from.posix[1].clock = CLOCK_THREAD_CPUTIME_ID;
  from.posix[1].cpu_owner = NsPid{18};
  from.posix[1].overrun = 9;
  from.posix[1].sigval = 0xdeadbeefcafe;
  pb::core_entry core, again;
  ASSERT_TRUE(write_core(f.dump, t, 0, core).ok());
  ASSERT_TRUE(again.ParsePartialFromString(core.SerializePartialAsString()));
  auto r = read_core(f.read, t, 0, again);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  const ProcessTimers& got = f.models.get<Model>().processes.at(t.pid);
  EXPECT_EQ(got.itimers, from.itimers);
  ASSERT_EQ(got.posix.size(), 2u);
  EXPECT_EQ(got.posix[0].interval_ns, 2500000000u);
  EXPECT_EQ(got.posix[0].value_ns, 1000000001u);
  EXPECT_EQ(got.posix[1].target, NsPid{18});
  EXPECT_EQ(got.posix[1].cpu_owner, NsPid{18});
  EXPECT_EQ(got.posix[1].overrun, 9u);
  EXPECT_EQ(got.posix[1].sigval, 0xdeadbeefcafeu);
}

TEST(TimersImage, DamagedOnesAreRefused) {
  Fixture f;
  const Task t = task_of(17, 18);
  ProcessTimers& from = f.dump.models.edit<Model>().processes[t.pid];
  from.posix = {a_timer(1), a_timer(2)};
  pb::core_entry good;
  ASSERT_TRUE(write_core(f.dump, t, 0, good).ok());
  auto refused = [&](auto spoil) {
    pb::core_entry core = good;
    spoil(*core.mutable_tc()->mutable_timers()->mutable_posix(1));
    Models models;
    ReadCtx read{f.opt, f.reader, f.tree, models};
    return !read_core(read, t, 0, core).ok();
  };
  EXPECT_TRUE(refused([](auto& e) { e.set_it_id(1); }));
  EXPECT_TRUE(refused([](auto& e) { e.set_vnsec(1000000000); }));
  EXPECT_TRUE(refused([](auto& e) { e.set_notify_thread_id(99); }));
  EXPECT_FALSE(refused([](auto& e) { e.set_it_id(0); }));
}

TEST(TimersImage, SamplesComeBackAsTheyWere) {
  const std::string sets = core::sample_sets();
  if (sets.empty()) GTEST_SKIP() << "no samples";
  auto dir = core::ImageReaderDir::open(sets + "/tree");
  ASSERT_TRUE(dir.ok());
  Fixture f;
  const Task t = task_of(4442, 4443);
  pb::core_entry sample, ours;
  auto image = dir.value().image(core::ImageType::kCore, 4442);
  ASSERT_TRUE(image.ok());
  ASSERT_TRUE(image.value().only(sample).ok());
  ASSERT_TRUE(read_core(f.read, t, 0, sample).ok());
  EXPECT_EQ(f.models.get<Model>().processes.at(t.pid).posix.size(), 2u);
  f.dump.models = f.models;
  ASSERT_TRUE(write_core(f.dump, t, 0, ours).ok());
  EXPECT_EQ(ours.tc().timers().SerializeAsString(), sample.tc().timers().SerializeAsString());
}

signals::SigInfo timer_signal(std::int32_t signal, std::int32_t id) {
  signals::SigInfo info{};
  const std::int32_t code = SI_TIMER;
  std::memcpy(info.data(), &signal, 4);
  std::memcpy(info.data() + 8, &code, 4);
  std::memcpy(info.data() + 16, &id, 4);
  return info;
}

class Fill : public testing::Test {
 protected:
  Fixture f;
  Task task = task_of(17, 18);
  ArenaBuilder arena;

  RestoreProcess fill() {
    RestoreCtx restore{.opt = f.opt, .images = f.reader, .tree = f.tree, .models = f.models};
    TaskCtx ctx{.restore = restore, .task = task};
    RestoreProcess out{};
    EXPECT_TRUE(fill_process(ctx, out, arena).ok());
    return out;
  }
  std::vector<Timer>& timers() { return f.models.edit<Model>().processes[task.pid].posix; }
  std::vector<signals::SigInfo>& shared() { return f.models.edit<signals::Model>().processes[task.pid].shared; }
  RestoreTimer only(const RestoreProcess& p) {
    EXPECT_EQ(p.timers.count, 1u);
    return p.timers.in(arena.bytes().data())[0];
  }
};

TEST_F(Fill, APendingSignalIsTheTimersOwn) {
  timers() = {a_timer(3)};
  shared() = {timer_signal(SIGUSR1, 3), timer_signal(SIGUSR2, 4)};
  const RestoreProcess p = fill();
  EXPECT_EQ(only(p).steps_back, 1u);
  EXPECT_EQ(only(p).take_signal, 0u);
  ASSERT_EQ(p.orphans.count, 1u);  // that of timer 4, which is gone
  EXPECT_EQ(p.orphans.in(arena.bytes().data())[0].signo, SIGUSR2);
}

TEST_F(Fill, AOneShotThatHasExpired) {
  timers() = {a_timer(3)};
  timers()[0].interval_ns = timers()[0].value_ns = 0;
  shared() = {timer_signal(SIGUSR1, 3)};
  EXPECT_EQ(only(fill()).expired, 1u);
}

TEST_F(Fill, TheOverrunCount) {
  timers() = {a_timer(3)};
  timers()[0].overrun = 5;
  EXPECT_EQ(only(fill()).steps_back, 6u);
  EXPECT_EQ(only(fill()).take_signal, 1u);
  shared() = {timer_signal(SIGUSR1, 99)};  // taking one could take the other
  EXPECT_EQ(only(fill()).take_signal, 0u);
}

TEST_F(Fill, TheClockOfAnotherThread) {
  timers() = {a_timer(3)};
  timers()[0].clock = CLOCK_THREAD_CPUTIME_ID;
  timers()[0].cpu_owner = NsPid{17};
  EXPECT_EQ(only(fill()).clock, CLOCK_THREAD_CPUTIME_ID);
  timers()[0].cpu_owner = NsPid{18};
  clockid_t expected = static_cast<clockid_t>(~18u << 3 | 6);
  EXPECT_EQ(only(fill()).clock, expected);
}

}  // namespace
}  // namespace cr::timers
