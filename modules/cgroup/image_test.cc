// Control groups through images and back, and images that lead outside.
#include <gtest/gtest.h>

#include "cgroup/cgroup.h"
#include "cgroup/cgroup.pb.h"
#include "cgroup/hierarchy.h"
#include "cgroup/properties.h"
#include "cgroup/property_lists.h"
#include "core/image_fixture.h"
#include "task/core.pb.h"

namespace cr::cgroup {
namespace {

struct Fixture {
  Options opt{};
  core::TempDir dir{};
  DumpCtx dump{.opt = opt, .images = core::ImageWriterDir::open(dir.path()).take()};
  TaskTree tree{};
  Models models{};

  Result<> read_back() {
    const auto images = core::ImageReaderDir::open(dir.path(), core::ImageReaderDir::Need::kNothing).take();
    ReadCtx ctx{opt, images, tree, models};
    return read(ctx);
  }
};

Model sample() {
  Model m;
  m.sets = {{{"pids", "/"}, {"", "/"}}, {{"pids", "/a/b", 2}, {"", "/a"}}};
  m.of_thread = {{NsPid{7}, 2}, {NsPid{8}, 1}};
  Group child{"b", {0755, 0, 0}, {{"pids.max", "7", {0644, 0, 0}}}};
  m.hierarchies = {{"pids", {{"a", {0711, 5, 6}, {{"pids.max", "max", {0644, 1, 2}}}, {child}}}}, {""}};
  return m;
}

TEST(Cgroup, ImageRoundTrip) {
  Fixture f;
  f.dump.models.edit<Model>() = sample();
  ASSERT_TRUE(write(f.dump).ok());
  const auto taken = f.read_back();
  ASSERT_TRUE(taken.ok()) << taken.error().sentence();
  const Model &m = f.models.get<Model>(), wanted = sample();
  EXPECT_EQ(m.sets, wanted.sets);
  ASSERT_EQ(m.hierarchies.size(), 2u);
  EXPECT_EQ(m.hierarchies[0].name, "pids");
  EXPECT_EQ(m.hierarchies[1].name, "");
  const Group& head = m.hierarchies[0].heads.at(0);
  EXPECT_EQ(head.name, "a");
  EXPECT_EQ(head.perms.mode, 0711u);
  EXPECT_EQ(head.perms.gid, 6u);
  EXPECT_EQ(head.properties.at(0).value, "max");
  EXPECT_EQ(head.properties.at(0).perms.gid, 2u);
  EXPECT_EQ(head.children.at(0).properties.at(0).value, "7");
}

TEST(Cgroup, PathsThatLeadOutsideAreRefused) {
  for (const int what : {0, 1, 2}) {
    Fixture f;
    Model m = sample();
    if (what == 0) m.sets[1][0].path = "/a/../../etc";
    if (what == 1) m.hierarchies[0].heads[0].name = "../etc";
    if (what == 2) m.hierarchies[0].heads[0].properties[0].name = "../../etc/passwd";
    f.dump.models.edit<Model>() = std::move(m);
    ASSERT_TRUE(write(f.dump).ok());
    const auto taken = f.read_back();
    ASSERT_FALSE(taken.ok()) << what;
    EXPECT_NE(taken.error().sentence().find("damaged"), std::string::npos);
  }
}

TEST(Cgroup, SetOfAThread) {
  Fixture f;
  f.dump.models.edit<Model>() = sample();
  Task t;
  t.pid = NsPid{7};
  t.threads = {{NsPid{7}, {}}, {NsPid{8}, {}}};
  const auto images = core::ImageReaderDir{};
  ReadCtx ctx{f.opt, images, f.tree, f.models};
  for (std::size_t i : {0u, 1u}) {
    pb::core_entry core;
    ASSERT_TRUE(write_core(f.dump, t, i, core).ok());
    ASSERT_TRUE(read_core(ctx, t, i, core).ok());
  }
  EXPECT_EQ(f.models.get<Model>().of_thread, sample().of_thread);
}

TEST(Cgroup, PropertyLists) {
  const auto lists = parse_property_lists(
      "\"cpu\":\n - \"strategy\": \"replace\"\n - \"properties\": [\"cpu.shares\", \"cpu.x\"]\nmemory:\n"
      " - strategy: merge\n - properties: []\n");
  ASSERT_TRUE(lists.ok()) << lists.error().sentence();
  EXPECT_FALSE(is_left_out(lists.value(), "cpu,cpuacct", "cpu.shares"));
  EXPECT_TRUE(is_left_out(lists.value(), "cpu,cpuacct", "cpu.cfs_quota_us"));
  EXPECT_FALSE(is_left_out(lists.value(), "cpu,cpuacct", "notify_on_release"));
  EXPECT_FALSE(is_left_out(lists.value(), "memory", "memory.limit_in_bytes"));
  for (const char* bad : {"\"cpu", "cpu", "cpu: - x: y", "cpu: - strategy: some", "cpu: - properties: [\"a\" :"})
    EXPECT_FALSE(parse_property_lists(bad).ok()) << bad;
}

TEST(Cgroup, SettingsComeBack) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  auto root = open_hierarchy("pids", "");
  if (!root.ok()) GTEST_SKIP() << root.error().sentence();
  const std::string name = "cr-test-" + std::to_string(getpid());
  ASSERT_EQ(mkdirat(root.value().get(), name.c_str(), 0755), 0);
  {
    UniqueFd dir = open_below(root.value().get(), name, O_RDONLY | O_DIRECTORY).take();
    ASSERT_EQ(write_below(dir.get(), "pids.max", "12"), 0);
    const std::vector<Property> before = read_properties(dir.get());
    ASSERT_EQ(write_below(dir.get(), "pids.max", "max"), 0);
    const auto done = restore_properties(dir.get(), before, Phase::kAtEnd, false, name);
    EXPECT_TRUE(done.ok());
    EXPECT_EQ(read_below(dir.get(), "pids.max").take(), "12");
    std::vector<Property> bad = before;
    for (Property& p : bad) p.value = p.name == "pids.max" ? "nonsense" : p.value;
    const auto refused = restore_properties(dir.get(), bad, Phase::kAtEnd, false, name);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().sentence().find("pids.max of " + name), std::string::npos);
  }
  EXPECT_EQ(unlinkat(root.value().get(), name.c_str(), AT_REMOVEDIR), 0);
}

}  // namespace
}  // namespace cr::cgroup
