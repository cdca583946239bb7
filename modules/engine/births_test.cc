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

TEST(Births, MemoryComesFromTheMakerUnlessAHelperIsBetween) {
  // 13 is an orphan that a child of 12 has left to the reaper 10.
  const TaskTree tree = make_tree({{10, 0, 10, 10}, {11, 10, 10, 10}, {12, 11, 12, 12}, {13, 10, 12, 12}});
  EXPECT_EQ(forked_from(plan(tree), tree), (std::vector<TaskIndex>{kNoTask, 0, 1, kNoTask}));
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

/// 11 leads a group and has made 12, the init of a pid namespace in which 13 lives too.
TaskTree with_inner_namespace() {
  TaskTree tree = make_tree({{10, 0, 10, 10}, {11, 10, 10, 11}, {12, 11, 10, 11}, {13, 12, 10, 11}});
  tree.tasks[2].inner = {{1, 0, 0}};
  tree.tasks[3].inner = {{5, 0, 0}};
  tree.tasks[2].space = tree.tasks[3].space = 2;
  return tree;
}

TEST(Births, GroupLedOutsideOfThePidNamespaceIsInherited) {
  BirthPlan p = plan(with_inner_namespace());
  EXPECT_EQ(p.births[1].group, 11);
  EXPECT_EQ(p.births[1].group_at_birth, NsPid{});
  for (std::size_t i : {2u, 3u}) {
    EXPECT_EQ(p.births[i].group, 0);
    EXPECT_EQ(p.births[i].group_at_birth, NsPid{11});
  }
  EXPECT_EQ(p.births[3].inner, (std::vector<int>{5}));
  EXPECT_EQ(p.births[3].own_pid(), 5);
}

TEST(Births, GroupThatNobodyCouldHaveInheritedIsRefused) {
  TaskTree tree = with_inner_namespace();
  tree.tasks[1].sid = NsPid{11};  // leads a session, and so its own group
  tree.tasks[2].sid = tree.tasks[3].sid = NsPid{11};
  tree.tasks[3].pgid = NsPid{10};
  EXPECT_FALSE(plan_births(tree, {}).ok());
}

TEST(Births, WhoEntersAPidNamespaceIsBornAfterItsInit) {
  TaskTree tree = make_tree({{10, 0, 10, 10}, {11, 10, 10, 10}, {12, 10, 10, 10}});
  tree.tasks[1].inner = {{7, 7, 7}};
  tree.tasks[2].inner = {{1, 1, 1}};
  tree.tasks[1].space = tree.tasks[2].space = 2;
  EXPECT_EQ(plan(tree).births[0].after, (std::vector<std::size_t>{2, 1}));
}

TEST(TaskTree, NumbersInPidNamespaces) {
  TaskTree tree = with_inner_namespace();
  tree.tasks[3].threads = {{NsPid{13}, {}, {5}}, {NsPid{14}, {}, {6}}};
  EXPECT_EQ(tree.number_in(0, NsPid{13}), 13);
  EXPECT_EQ(tree.number_in(2, NsPid{13}), 5);
  EXPECT_EQ(tree.number_in(2, NsPid{14}), 6);
  EXPECT_EQ(tree.number_in(2, NsPid{11}), 0) << "outside";
  EXPECT_TRUE(tree.is_seen_in(0, 2));
  EXPECT_FALSE(tree.is_seen_in(2, 0));
}

}  // namespace
}  // namespace cr::engine
