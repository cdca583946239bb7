// What is written into a core image comes back as the same Model; and the samples come back as they were.
#include <gtest/gtest.h>

#include "core/image_fixture.h"
#include "task/core.pb.h"
#include "task/task.h"

namespace cr::task {
namespace {

struct Fixture {
  Options opt{};
  core::ImageReaderDir reader{};
  DumpCtx dump{.opt = opt, .images = {}};
  TaskTree tree{};
  Models models{};
  ReadCtx read{opt, reader, tree, models};

  Task task() const {
    Task t;
    t.pid = NsPid{17};
    t.host = t.live = HostPid{117};
    t.threads = {{NsPid{17}, HostPid{117}}, {NsPid{18}, HostPid{118}}};
    return t;
  }
};

/// One core entry after another through `module`, there and back.
void round_trip(Fixture& f, const Module& module, const Task& t) {
  for (std::size_t i = 0; i < t.threads.size(); ++i) {
    pb::core_entry core;
    auto written = module.write_core(f.dump, t, i, core);
    ASSERT_TRUE(written.ok()) << written.error().sentence();
    const std::string bytes = core.SerializePartialAsString();
    pb::core_entry again;
    ASSERT_TRUE(again.ParsePartialFromString(bytes));
    auto got = module.read_core(f.read, t, i, again);
    ASSERT_TRUE(got.ok()) << got.error().sentence();
  }
}

TEST(TaskImage, Limits) {
  Fixture f;
  Limits l;
  l.has_rlimits = true;
  for (std::size_t i = 0; i < kRlimits; ++i) l.rlimits[i] = {i, i * 10};
  l.oom_score_adj = -17;
  l.coredump_filter = 0x33;
  l.loginuid = 4294967295u;
  l.autogroup_nice = -3;
  f.dump.models.edit<LimitsModel>().tasks[NsPid{17}] = l;
  round_trip(f, kLimits, f.task());
  const Limits& got = f.models.get<LimitsModel>().tasks.at(NsPid{17});
  EXPECT_TRUE(got.has_rlimits);
  EXPECT_EQ(got.rlimits, l.rlimits);
  EXPECT_EQ(got.oom_score_adj, l.oom_score_adj);
  EXPECT_EQ(got.coredump_filter, l.coredump_filter);
  EXPECT_EQ(got.loginuid, l.loginuid);
  EXPECT_EQ(got.autogroup_nice, l.autogroup_nice);
}

TEST(TaskImage, ASoftLimitAboveTheHardOneIsRefused) {
  Fixture f;
  pb::core_entry core;
  for (std::size_t i = 0; i < kRlimits; ++i) {
    auto& r = *core.mutable_tc()->mutable_rlimits()->add_rlimits();
    r.set_cur(i == 7 ? 5 : 0);
    r.set_max(4);
  }
  auto r = kLimits.read_core(f.read, f.task(), 0, core);
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("Max open files"), std::string::npos);
}

TEST(TaskImage, Scheduling) {
  Fixture f;
  auto& threads = f.dump.models.edit<SchedModel>().threads;
  threads[NsPid{17}] = {SchedAttr{.policy = 3, .flags = kSchedFlagResetOnFork, .nice = -5, .runtime = 3000000},
                        {0x5, 0x8000000000000000ull},
                        2u << 13 | 4};
  threads[NsPid{18}] = {
      SchedAttr{.policy = kSchedDeadline, .runtime = 1, .deadline = 2, .period = 3, .util_max = 500}, {1}, {}};
  round_trip(f, kSched, f.task());
  const auto& got = f.models.get<SchedModel>().threads;
  for (NsPid tid : {NsPid{17}, NsPid{18}}) {
    EXPECT_EQ(got.at(tid).attr, threads[tid].attr);
    EXPECT_EQ(got.at(tid).affinity, threads[tid].affinity);
    EXPECT_EQ(got.at(tid).ioprio, threads[tid].ioprio);
  }
}

TEST(TaskImage, RealtimePriorityStandsWhereOthersLookForIt) {
  Fixture f;
  f.dump.models.edit<SchedModel>().threads[NsPid{17}] = {SchedAttr{.policy = kSchedRr, .priority = 42}, {}, {}};
  pb::core_entry core;
  ASSERT_TRUE(kSched.write_core(f.dump, f.task(), 0, core).ok());
  EXPECT_EQ(core.thread_core().sched_policy(), kSchedRr);
  EXPECT_EQ(core.thread_core().sched_prio(), 42u);
}

TEST(TaskImage, Prctls) {
  Fixture f;
  auto& model = f.dump.models.edit<PrctlModel>();
  model.processes[NsPid{17}] = {true, 0u, 3u, 1u, true, 64u, true, 0x10};
  ThreadPrctls a;
  a.pdeath_signal = 12;
  a.personality = 0x40000;
  a.io_flusher = true;
  a.timer_slack_ns = 12345;
  a.tsc_mode = 2;
  a.mce_kill = 1;
  a.cpuid_allowed = false;
  a.speculation = {3, {}, 9};
  a.mempolicy = MemPolicy{-2147483645, {1, 2}};
  a.dispatch = {1, 2, 3, 4};
  model.threads[NsPid{17}] = a;
  ThreadPrctls b;
  b.personality = 8;
  model.threads[NsPid{18}] = b;
  round_trip(f, kPrctls, f.task());
  const auto& p = f.models.get<PrctlModel>().processes.at(NsPid{17});
  EXPECT_TRUE(p.child_subreaper);
  EXPECT_EQ(p.dumpable, 0u);
  EXPECT_EQ(p.thp_disable, 3u);
  EXPECT_EQ(p.mdwe, 1u);
  EXPECT_EQ(p.memory_merge, true);
  EXPECT_EQ(p.futex_slots, 64u);
  EXPECT_TRUE(p.timer_ids);
  EXPECT_EQ(p.membarrier, 0x10u);
  const ThreadPrctls& got = f.models.get<PrctlModel>().threads.at(NsPid{17});
  EXPECT_EQ(got.pdeath_signal, a.pdeath_signal);
  EXPECT_EQ(got.personality, a.personality);
  EXPECT_TRUE(got.io_flusher);
  EXPECT_EQ(got.timer_slack_ns, a.timer_slack_ns);
  EXPECT_EQ(got.tsc_mode, a.tsc_mode);
  EXPECT_EQ(got.mce_kill, a.mce_kill);
  EXPECT_EQ(got.cpuid_allowed, a.cpuid_allowed);
  EXPECT_EQ(got.speculation, a.speculation);
  EXPECT_EQ(got.mempolicy, a.mempolicy);
  EXPECT_EQ(got.dispatch.selector, 2u);
  EXPECT_EQ(got.dispatch.length, 4u);
  const ThreadPrctls& other = f.models.get<PrctlModel>().threads.at(NsPid{18});
  EXPECT_EQ(other.personality, 8u);
  EXPECT_FALSE(other.mempolicy);
  EXPECT_FALSE(other.tsc_mode);
}

TEST(TaskImage, ThreadState) {
  Fixture f;
  auto& model = f.dump.models.edit<ThreadStateModel>();
  model.tasks[NsPid{17}] = {"fifteen letters", 0x400040};
  model.threads[NsPid{17}] = {"fifteen letters", 0x1000, 24, {0x2000, 32, 0x53053053, 0}};
  model.threads[NsPid{18}] = {"\xff\n odd", 0, 24, {}};
  round_trip(f, kThreadState, f.task());
  const auto& got = f.models.get<ThreadStateModel>();
  EXPECT_EQ(got.tasks.at(NsPid{17}).comm, "fifteen letters");
  EXPECT_EQ(got.tasks.at(NsPid{17}).flags, 0x400040u);
  EXPECT_EQ(got.threads.at(NsPid{17}).robust_list, 0x1000u);
  EXPECT_EQ(got.threads.at(NsPid{17}).rseq.pointer, 0x2000u);
  EXPECT_EQ(got.threads.at(NsPid{17}).rseq.signature, 0x53053053u);
  EXPECT_EQ(got.threads.at(NsPid{18}).comm, "\xff\n odd");
  EXPECT_EQ(got.threads.at(NsPid{18}).rseq.pointer, 0u);
}

TEST(TaskImage, ANameThatIsTooLongIsRefused) {
  Fixture f;
  pb::core_entry core;
  core.mutable_tc()->set_comm("sixteen letters!");
  EXPECT_FALSE(kThreadState.read_core(f.read, f.task(), 0, core).ok());
}

/// The part of a sample's record that the modules here stand for, read and written again.
TEST(TaskImage, SamplesComeBackAsTheyWere) {
  const std::string sets = core::sample_sets();
  if (sets.empty()) GTEST_SKIP() << "no samples";
  auto dir = core::ImageReaderDir::open(sets + "/tree");
  ASSERT_TRUE(dir.ok()) << dir.error().sentence();
  for (int pid : {4442, 4444, 4445}) {
    Fixture f;
    Task t = f.task();
    t.threads = {{NsPid{pid}, {}}};
    t.pid = NsPid{pid};
    pb::core_entry sample, ours;
    auto image = dir.value().image(core::ImageType::kCore, static_cast<std::uint64_t>(pid));
    ASSERT_TRUE(image.ok());
    ASSERT_TRUE(image.value().only(sample).ok());
    for (const Module* m : {&kLimits, &kSched, &kPrctls, &kThreadState})
      ASSERT_TRUE(m->read_core(f.read, t, 0, sample).ok());
    f.dump.models = f.models;
    for (const Module* m : {&kLimits, &kSched, &kPrctls, &kThreadState})
      ASSERT_TRUE(m->write_core(f.dump, t, 0, ours).ok());
    // What other modules write.
    pb::task_core_entry& tc = *sample.mutable_tc();
    ours.mutable_tc()->set_task_state(tc.task_state());
    ours.mutable_tc()->set_exit_code(tc.exit_code());
    ours.mutable_tc()->set_blk_sigset(tc.blk_sigset());
    tc.clear_timers();
    tc.clear_signals_s();
    tc.clear_sigactions();
    pb::thread_core_entry& thread = *sample.mutable_thread_core();
    thread.clear_sas();
    thread.clear_signals_p();
    thread.clear_creds();
    thread.clear_cg_set();
    ours.mutable_thread_core()->clear_extra();
    ours.mutable_tc()->clear_extra();
    EXPECT_EQ(ours.tc().SerializeAsString(), tc.SerializeAsString()) << pid;
    EXPECT_EQ(ours.thread_core().SerializeAsString(), thread.SerializeAsString()) << pid;
  }
}

}  // namespace
}  // namespace cr::task
