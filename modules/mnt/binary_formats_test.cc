// What the kernel tells of a binary format, and what it is told to make one again.
#include "mnt/binary_formats.h"

#include <gtest/gtest.h>

namespace cr::mnt {
namespace {

TEST(BinaryFormats, ByMagic) {
  const auto f =
      parse_format("first", "disabled\ninterpreter /bin/a b\nflags: OC\noffset 2\nmagic 017a3a\nmask ff00ff\n");
  ASSERT_TRUE(f.ok());
  EXPECT_EQ(f.value(), (BinaryFormat{"first", false, "/bin/a b", "OC", "", "017a3a", "ff00ff", 2}));
  EXPECT_EQ(words_of_registration(f.value()).value(), ":first:M:2:\\x01\\x7a\\x3a:\\xff\\x00\\xff:/bin/a b:OC");
}

TEST(BinaryFormats, ByExtension) {
  const auto f = parse_format("second", "enabled\ninterpreter /a:b\nflags: \nextension .zz\n");
  ASSERT_TRUE(f.ok());
  EXPECT_EQ(f.value(), (BinaryFormat{"second", true, "/a:b", "", "zz", "", "", 0}));
  EXPECT_EQ(words_of_registration(f.value()).value(), "|second|E||zz||/a:b|");
}

TEST(BinaryFormats, WhatIsNotKnownIsRefused) {
  const auto f = parse_format("third", "enabled\ncolour red\n");
  ASSERT_FALSE(f.ok());
  EXPECT_NE(f.error().sentence().find("colour red"), std::string::npos);
  EXPECT_FALSE(words_of_registration({.name = ":|,;!#%~^@", .interpreter = "/a", .extension = "z"}).ok());
}

}  // namespace
}  // namespace cr::mnt
