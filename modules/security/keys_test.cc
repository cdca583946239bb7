// The texts by which the kernel tells of keys.
#include "security/keys.h"

#include <gtest/gtest.h>

namespace cr::security {
namespace {

TEST(SecurityKeys, Description) {
  auto k = parse_description("user;1000;100;3f010000;a name; with semicolons");
  ASSERT_TRUE(k.ok());
  EXPECT_EQ(k.value().type, "user");
  EXPECT_EQ(k.value().uid, 1000u);
  EXPECT_EQ(k.value().gid, 100u);
  EXPECT_EQ(k.value().permissions, 0x3f010000u);
  EXPECT_EQ(k.value().description, "a name; with semicolons");
  for (const char* bad : {"", "user", "user;1000;100;3f010000", "user;x;100;3f010000;name"})
    EXPECT_FALSE(parse_description(bad).ok()) << bad;
}

TEST(SecurityKeys, Permanent) {
  const char text[] =
      "09073cf9 I--Q---     2 perm 1f3f0000     0 65534 keyring   _uid.0: empty\n"
      "11ce6708 I--Q---     1  59m 3f010000     0     0 user      zdtm:key: 6\n"
      "ffffffff I--Q---     1 expd 3f010000     0     0 user      perm: 6\n";
  EXPECT_EQ(is_permanent(text, 0x09073cf9), true);
  EXPECT_EQ(is_permanent(text, 0x11ce6708), false);
  EXPECT_EQ(is_permanent(text, -1), false);
  EXPECT_EQ(is_permanent(text, 1), std::nullopt);
}

TEST(SecurityKeys, KernelMade) {
  const char text[] =
      "09073cf9 I--Q---     2 perm 1f3f0000  1000 65534 keyring   _uid.1000: empty\n"
      "11ce6708 I--Q---     1 perm 1f3f0000  1000 65534 keyring   _uid_ses.1000: 1\n"
      "12345678 I--Q---     1 perm 3f030000  1000  1000 keyring   _ses: 1\n"
      "1c1f3d15 I--Q---     1 perm 0c030000     0 65534 keyring   .user_reg: 2\n"
      "2c1f3d15 I------     1 perm 0c030000  1000 65534 keyring   _uid.1000: not in the quota\n";
  EXPECT_EQ(count_kernel_made(text, 1000), 2u);
  EXPECT_EQ(count_kernel_made(text, 0), 1u);
  EXPECT_EQ(count_kernel_made("", 0), 0u);
}

}  // namespace
}  // namespace cr::security
