// The options of autofs that mountinfo shows, and what of them is mounted again.
#include "mnt/automount.h"

#include <gtest/gtest.h>

namespace cr::mnt {
namespace {

constexpr std::string_view kShown =
    "fd=7,pgrp=12,timeout=300,minproto=5,maxproto=5,indirect,strictexpire,pipe_ino=4711";

TEST(Automount, Options) {
  EXPECT_EQ(option_value(kShown, "fd"), "7");
  EXPECT_EQ(option_value(kShown, "pipe_ino"), "4711");
  EXPECT_EQ(option_value(kShown, "indirect"), "");
  EXPECT_EQ(option_value(kShown, "proto"), "");
  EXPECT_EQ(lasting_options(kShown), "minproto=5,maxproto=5,indirect,strictexpire");
  EXPECT_EQ(lasting_options("fd=3"), "");
}

}  // namespace
}  // namespace cr::mnt
