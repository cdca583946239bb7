#include "core/id_map.h"

#include <gtest/gtest.h>

namespace cr::core {
namespace {

TEST(IdMap, WholeRange) {
  const IdMap all = parse_id_map("         0          0 4294967295\n");
  ASSERT_EQ(all.ranges.size(), 1u);
  EXPECT_TRUE(all.has(0));
  EXPECT_TRUE(all.has(4294967294u));
  EXPECT_FALSE(all.has(4294967295u));
}

TEST(IdMap, BothWays) {
  const IdMap two = parse_id_map("0 1000 1\n1 100000 65536\n");
  ASSERT_EQ(two.ranges.size(), 2u);
  EXPECT_EQ(two.to_inside(1000), 0u);
  EXPECT_EQ(two.to_inside(100004), 5u);
  EXPECT_EQ(two.to_inside(1001), kOverflowId);
  EXPECT_EQ(two.to_outside(0), 1000u);
  EXPECT_EQ(two.to_outside(5), 100004u);
  EXPECT_TRUE(two.has(65536));
  EXPECT_FALSE(two.has(65537));
  EXPECT_TRUE(two.knows(165535));
  EXPECT_FALSE(two.knows(165536));
  EXPECT_FALSE(two.knows(0));
}

TEST(IdMap, WithoutRangesEveryIdIsItself) {
  EXPECT_EQ(IdMap{}.to_inside(4), 4u);
  EXPECT_EQ(IdMap{}.to_outside(4), 4u);
  EXPECT_TRUE(IdMap{}.knows(4));
}

TEST(IdMap, First) {
  EXPECT_EQ(parse_id_map("5 100 1\n3 200 1\n").first_inside(), 3u);
  EXPECT_EQ(parse_id_map("0 100000 65536\n").first_inside(), 0u);
}

TEST(TreeIds, OwnersThatNobodyInsideCanMake) {
  TreeIds ids{true, {parse_id_map("0 100000 10"), parse_id_map("0 200000 10")}, false};
  EXPECT_TRUE(ids.check_owner(100003, 200003, "a file").ok());
  const auto refused = ids.check_owner(100003, 0, "a file");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().sentence().find("100003:0"), std::string::npos);
  EXPECT_EQ(ids.uid(100003), 3u);
  EXPECT_EQ(ids.gid(0), kOverflowId);
  ids.own = false;
  EXPECT_TRUE(ids.check_owner(0, 0, "a file").ok());
  EXPECT_EQ(ids.gid(0), 0u);
}

}  // namespace
}  // namespace cr::core
