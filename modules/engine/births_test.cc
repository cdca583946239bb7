#include "engine/births.h"

#include <gtest/gtest.h>

namespace cr::engine {
namespace {

struct Spec {
  int pid, parent, sid, pgid;
};

TaskTree make_tree(std::vector<Spec> specs) {
  TaskTree tree;
  for (const Spec& s : specs) {
    Task t;
    t.index = tree.tasks.size();
    t.pid = NsPid{s.pid}, t.sid = NsPid{s.sid}, t.pgid = NsPid{s.pgid};
    t.threads.push_back({t.pid, {}});
    for (Task& p : tree.tasks)
      if (p.pid.value == s.parent) {
        t.parent = p.index;
        p.children.push_back(t.index);
      }
    tree.tasks.push_back(t);
  }
  return tree;
}

BirthPlan plan(const TaskTree& tree) {
  auto r = plan_births(tree, {});
  EXPECT_TRUE(r.ok()) << r.error().sentence();
  return r.ok() ? r.take() : BirthPlan{};
}

TEST(Births, ChildOfTheSessionIsBornAfterSetsid) {
  BirthPlan p = plan(make_tree({{10, 0, 10, 10}, {11, 10, 10, 10}, {12, 10, 12, 12}}));
  EXPECT_EQ(p.births.size(), 3u);
  EXPECT_EQ(p.births[0].after, (std::vector<std::size_t>{1, 2}));
  EXPECT_TRUE(p.births[2].setsid);
}

TEST(Births, ChildOfTheFormerSessionIsBornBeforeSetsid) {
  // 11 forked 12 while it was in session 10 and then became a leader itself.
  BirthPlan p = plan(make_tree({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 11, 10, 10}}));
  EXPECT_EQ(p.births[1].before, (std::vector<std::size_t>{2}));
  EXPECT_EQ(p.births.size(), 3u);
}

TEST(Births, OrphanOfALiveSession) {
  // 12 was forked by a dead child of 11 and came to the reaper 10.
  BirthPlan p = plan(make_tree({{10, 0, 10, 10}, {11, 10, 11, 11}, {12, 10, 11, 11}}));
  ASSERT_EQ(p.births.size(), 4u);
  EXPECT_EQ(p.births[3].kind, Birth::Kind::kOrphanMaker);
  EXPECT_EQ(p.births[3].after, (std::vector<std::size_t>{2}));
  EXPECT_EQ(p.births[1].after, (std::vector<std::size_t>{3}));
  EXPECT_TRUE(p.births[0].reaper);
}

TEST(Births, DeadSessionLeaderGetsAHelper) {
  BirthPlan p = plan(make_tree({{10, 0, 10, 10}, {12, 10, 11, 11}, {13, 10, 11, 11}}));
  ASSERT_EQ(p.births.size(), 4u);  // one helper leads both the session and its group
  EXPECT_TRUE(p.births[0].reaper);
  EXPECT_TRUE(p.births[0].before.empty());
  EXPECT_EQ(p.births[3].kind, Birth::Kind::kSessionHelper);
  EXPECT_EQ(p.births[3].pid, NsPid{11});
  EXPECT_EQ(p.births[3].after, (std::vector<std::size_t>{1, 2}));
}

TEST(Births, DeadGroupLeaderGetsAHelper) {
  BirthPlan p = plan(make_tree({{10, 0, 10, 10}, {12, 10, 10, 11}, {13, 10, 10, 11}}));
  ASSERT_EQ(p.births.size(), 4u);
  EXPECT_EQ(p.births[3].kind, Birth::Kind::kGroupHelper);
  EXPECT_EQ(p.births[3].pid, NsPid{11});
  EXPECT_EQ(p.group_helpers, 1u);
}

}  // namespace
}  // namespace cr::engine
