// Signals through a core image and back, and those of the samples.
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

#include "core/image_fixture.h"
#include "signals/signals.h"
#include "task/core.pb.h"

namespace cr::signals {
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

SigInfo info_of(std::int32_t signal, std::int32_t code) {
  SigInfo info{};
  std::memcpy(info.data(), &signal, 4);
  std::memcpy(info.data() + 8, &code, 4);
  info[127] = 0x55;
  return info;
}

TEST(SignalsImage, RoundTrip) {
  Fixture f;
  const Task t = task_of(17, 18);
  auto& model = f.dump.models.edit<Model>();
  ProcessSignals& process = model.processes[t.pid];
  for (std::uint64_t i = 0; i < kSignals; ++i) process.actions.push_back({i, i * 2, i * 3, i * 4});
  process.actions[SIGKILL - 1] = process.actions[SIGSTOP - 1] = {};
  process.shared = {info_of(34, SI_QUEUE), info_of(SIGCHLD, CLD_EXITED)};
  model.threads[NsPid{17}] = {{0x1000, 0x2000, 0}, {info_of(SIGUSR1, SI_TKILL)}};
  model.threads[NsPid{18}] = {};
  for (std::size_t i : {0u, 1u}) {
    pb::core_entry core;
    ASSERT_TRUE(write_core(f.dump, t, i, core).ok());
    pb::core_entry again;
    ASSERT_TRUE(again.ParsePartialFromString(core.SerializePartialAsString()));
    auto r = read_core(f.read, t, i, again);
    ASSERT_TRUE(r.ok()) << r.error().sentence();
  }
  const Model& got = f.models.get<Model>();
  EXPECT_EQ(got.processes.at(t.pid).actions, process.actions);
  EXPECT_EQ(got.processes.at(t.pid).shared, process.shared);
  EXPECT_EQ(got.threads.at(NsPid{17}).stack.sp, 0x1000u);
  EXPECT_EQ(got.threads.at(NsPid{17}).queue, model.threads[NsPid{17}].queue);
  EXPECT_EQ(got.threads.at(NsPid{18}).stack.flags, 2u);
  EXPECT_TRUE(got.threads.at(NsPid{18}).queue.empty());
}

TEST(SignalsImage, DamagedOnesAreRefused) {
  Fixture f;
  const Task t = task_of(17, 18);
  pb::core_entry core;
  core.mutable_thread_core()->mutable_signals_p()->add_signals()->set_siginfo("short");
  EXPECT_FALSE(read_core(f.read, t, 0, core).ok());
  core.Clear();
  const SigInfo wrong = info_of(65, 0);
  core.mutable_tc()->mutable_signals_s()->add_signals()->set_siginfo(wrong.data(), wrong.size());
  EXPECT_FALSE(read_core(f.read, t, 0, core).ok());
  core.Clear();
  core.mutable_tc()->add_sigactions();
  EXPECT_FALSE(read_core(f.read, t, 0, core).ok());
}

TEST(SignalsImage, PendingStop) {
  Model m;
  const Task t = task_of(17, 18);
  EXPECT_FALSE(is_pending(m, t, SIGSTOP));
  m.threads[NsPid{18}].queue = {info_of(SIGUSR1, 0), info_of(SIGSTOP, 0)};
  EXPECT_TRUE(is_pending(m, t, SIGSTOP));
}

TEST(SignalsImage, SamplesComeBackAsTheyWere) {
  const std::string sets = core::sample_sets();
  if (sets.empty()) GTEST_SKIP() << "no samples";
  auto dir = core::ImageReaderDir::open(sets + "/tree");
  ASSERT_TRUE(dir.ok());
  for (int pid : {4442, 4444}) {
    Fixture f;
    Task t = task_of(pid, 1);
    pb::core_entry sample, ours;
    auto image = dir.value().image(core::ImageType::kCore, static_cast<std::uint64_t>(pid));
    ASSERT_TRUE(image.ok());
    ASSERT_TRUE(image.value().only(sample).ok());
    ASSERT_TRUE(read_core(f.read, t, 0, sample).ok());
    f.dump.models = f.models;
    ASSERT_TRUE(write_core(f.dump, t, 0, ours).ok());
    ASSERT_EQ(ours.tc().sigactions_size(), sample.tc().sigactions_size());
    for (int i = 0; i < ours.tc().sigactions_size(); ++i)
      EXPECT_EQ(ours.tc().sigactions(i).SerializeAsString(), sample.tc().sigactions(i).SerializeAsString()) << i;
    EXPECT_EQ(ours.tc().signals_s().SerializeAsString(), sample.tc().signals_s().SerializeAsString());
    EXPECT_EQ(ours.thread_core().sas().SerializeAsString(), sample.thread_core().sas().SerializeAsString());
    EXPECT_EQ(ours.thread_core().signals_p().SerializeAsString(),
              sample.thread_core().signals_p().SerializeAsString());
  }
}

}  // namespace
}  // namespace cr::signals
