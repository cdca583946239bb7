// Credentials and filters through the images and back, and those of the samples.
#include <gtest/gtest.h>

#include "core/image_fixture.h"
#include "security/seccomp.pb.h"
#include "security/security.h"
#include "security/wire.h"
#include "task/core.pb.h"

namespace cr::security {
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

TEST(SecurityImage, Creds) {
  Fixture f;
  const Task t = task_of(17, 18);
  Creds c{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10}, {1, 2, 3, 0x1ffffffffffull, 5}, 0x2f, true, "profile (enforce)"};
  auto& threads = f.dump.models.edit<CredsModel>().threads;
  threads[NsPid{17}] = c;
  threads[NsPid{18}] = {};
  for (std::size_t i : {0u, 1u}) {
    pb::core_entry core, again;
    ASSERT_TRUE(kCreds.write_core(f.dump, t, i, core).ok());
    ASSERT_TRUE(again.ParsePartialFromString(core.SerializePartialAsString()));
    ASSERT_TRUE(kCreds.read_core(f.read, t, i, again).ok());
  }
  EXPECT_EQ(f.models.get<CredsModel>().threads.at(NsPid{17}), c);
  EXPECT_EQ(f.models.get<CredsModel>().threads.at(NsPid{18}), Creds{});
}

TEST(SecurityImage, Filters) {
  core::TempDir dir;
  Fixture f;
  const Task t = task_of(17, 18);
  auto& model = f.dump.models.edit<SeccompModel>();
  const auto a = model.add({{1, 2, 3}, 2, -1});
  const auto b = model.add({{4}, 0, a});
  model.threads = {{NsPid{17}, {SeccompMode::kFilter, b}}, {NsPid{18}, {SeccompMode::kStrict, -1}}};
  auto images = core::ImageWriterDir::open(dir.path());
  ASSERT_TRUE(images.ok());
  f.dump.images = images.take();
  ASSERT_TRUE(kSeccomp.write(f.dump).ok());
  auto reader = core::ImageReaderDir::open(dir.path(), core::ImageReaderDir::Need::kNothing);
  ASSERT_TRUE(reader.ok()) << reader.error().sentence();
  ReadCtx read{f.opt, reader.value(), f.tree, f.models};
  for (std::size_t i : {0u, 1u}) {
    pb::core_entry core, again;
    ASSERT_TRUE(kSeccomp.write_core(f.dump, t, i, core).ok());
    ASSERT_TRUE(again.ParsePartialFromString(core.SerializePartialAsString()));
    ASSERT_TRUE(kSeccomp.read_core(read, t, i, again).ok());
  }
  auto r = kSeccomp.read(read);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  const auto& got = f.models.get<SeccompModel>();
  EXPECT_EQ(got.filters, model.filters);
  EXPECT_EQ(got.threads.at(NsPid{17}).last, b);
  EXPECT_EQ(got.threads.at(NsPid{18}).mode, SeccompMode::kStrict);
  EXPECT_TRUE(has_seccomp(f.models, NsPid{18}));
  EXPECT_FALSE(has_seccomp(f.models, NsPid{19}));
}

/// seccomp.img with these filters and a thread whose newest one is `last`.
Result<> read_back(const pb::seccomp_entry& entry, std::int32_t last) {
  core::TempDir dir;
  Options opt;
  auto image = core::ImageWriter::create(dir.fd(), core::ImageType::kSeccomp);
  EXPECT_TRUE(image.ok() && image.value().write(entry).ok() && image.value().close().ok());
  auto reader = core::ImageReaderDir::open(dir.path(), core::ImageReaderDir::Need::kNothing);
  EXPECT_TRUE(reader.ok());
  TaskTree tree;
  Models models;
  models.edit<SeccompModel>().threads[NsPid{1}] = {SeccompMode::kFilter, last};
  ReadCtx read{opt, reader.value(), tree, models};
  return kSeccomp.read(read);
}

TEST(SecurityImage, DamagedFiltersAreRefused) {
  pb::seccomp_entry entry;
  entry.add_seccomp_filters()->set_filter("8 bytes!");
  entry.add_seccomp_filters()->set_filter("8 bytes?");
  EXPECT_TRUE(read_back(entry, 1).ok());
  EXPECT_FALSE(read_back(entry, 2).ok());
  entry.mutable_seccomp_filters(0)->set_prev(1);
  entry.mutable_seccomp_filters(1)->set_prev(0);  // a circle
  EXPECT_FALSE(read_back(entry, 1).ok());
  entry.mutable_seccomp_filters(1)->set_prev(7);
  EXPECT_FALSE(read_back(entry, 1).ok());
  entry.mutable_seccomp_filters(0)->clear_prev();
  entry.mutable_seccomp_filters(1)->set_prev(0);
  EXPECT_TRUE(read_back(entry, 1).ok());
  entry.mutable_seccomp_filters(0)->set_filter("odd");
  EXPECT_FALSE(read_back(entry, 1).ok());
}

TEST(SecurityImage, SamplesComeBackAsTheyWere) {
  const std::string sets = core::sample_sets();
  if (sets.empty()) GTEST_SKIP() << "no samples";
  auto dir = core::ImageReaderDir::open(sets + "/tree");
  ASSERT_TRUE(dir.ok());
  for (int pid : {4442, 4443}) {
    Fixture f;
    const Task t = task_of(pid, 1);
    pb::core_entry sample, ours;
    auto image = dir.value().image(core::ImageType::kCore, static_cast<std::uint64_t>(pid));
    ASSERT_TRUE(image.ok());
    ASSERT_TRUE(image.value().only(sample).ok());
    ASSERT_TRUE(kCreds.read_core(f.read, t, 0, sample).ok());
    ASSERT_TRUE(kSeccomp.read_core(f.read, t, 0, sample).ok());
    f.dump.models = f.models;
    ASSERT_TRUE(kCreds.write_core(f.dump, t, 0, ours).ok());
    ASSERT_TRUE(kSeccomp.write_core(f.dump, t, 0, ours).ok());
    EXPECT_EQ(ours.thread_core().creds().SerializeAsString(), sample.thread_core().creds().SerializeAsString());
    EXPECT_FALSE(ours.thread_core().has_seccomp_mode());
  }
}

TEST(SecurityImage, TheRestorerIsToldWhatIsShared) {
  Fixture f;
  const Task t = task_of(17, 18);
  auto& model = f.models.edit<SeccompModel>();
  const auto a = model.add({{1}, 0, -1});
  const auto b = model.add({{2}, 2, a});
  model.threads = {{NsPid{17}, {SeccompMode::kFilter, a}}, {NsPid{18}, {SeccompMode::kFilter, b}}};
  auto& creds = f.models.edit<CredsModel>();
  creds.own = {.uid = {0, 0, 0, 0}};
  creds.threads[NsPid{17}] = creds.own;
  creds.threads[NsPid{17}].no_new_privs = true;
  creds.threads[NsPid{18}] = {.uid = {5, 5, 5, 5}};
  RestoreCtx restore{.opt = f.opt, .images = f.reader, .tree = f.tree, .models = f.models};
  TaskCtx ctx{.restore = restore, .task = t};
  ArenaBuilder arena;
  RestoreProcess p{};
  RestoreThread first{}, second{};
  ASSERT_TRUE(fill_process(ctx, p, arena).ok());
  ASSERT_TRUE(fill_thread(ctx, 0, first, arena).ok());
  ASSERT_TRUE(fill_thread(ctx, 1, second, arena).ok());
  EXPECT_EQ(p.common.count, 1u);
  EXPECT_EQ(first.filters.count, 0u);
  ASSERT_EQ(second.filters.count, 1u);
  EXPECT_EQ(second.filters.in(arena.bytes().data())[0].flags, 2u);
  EXPECT_TRUE(first.same_creds);
  EXPECT_TRUE(first.no_new_privs);
  EXPECT_FALSE(second.same_creds);
  EXPECT_EQ(second.uid[1], 5u);
}

}  // namespace
}  // namespace cr::security
