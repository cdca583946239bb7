// Mountinfo of several kernels, and what is seen from a root.
#include "mnt/mountinfo.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "base/error.h"

namespace cr::mnt {
namespace {

/// Of a machine with Linux 6.18.
constexpr const char* kHost =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,size=12334460k,nr_inodes=3083615,mode=755\n"
    "26 24 0:24 / /dev/pts rw,relatime - devpts devpts rw,mode=600,ptmxmode=000\n"
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534\n"
    "28 27 0:25 / /mnt/v1/python ro,nosuid,nodev,relatime - tmpfs model ro,size=4k,mode=755\n"
    "29 26 0:26 / /dev/pts rw,relatime - devpts devpts rw,mode=600,ptmxmode=000\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n";

/// Of a container of runc 1.1 on Linux 6.1, shortened.
constexpr const char* kContainer =
    "620 535 254:1 /var/lib/c\\040one/rootfs / rw,relatime master:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
    "621 620 0:51 / /proc rw,relatime - proc proc rw\n"
    "622 620 0:52 / /dev rw,nosuid shared:300 master:7 propagate_from:2 - tmpfs tmpfs rw,size=65536k,mode=755\n"
    "623 622 0:53 / /dev/pts rw,nosuid,noexec,relatime - devpts devpts rw,gid=5,mode=620,ptmxmode=666\n"
    "650 621 0:51 /bus /proc/bus ro,nosuid,nodev,noexec,relatime unbindable - proc proc rw\n"
    "651 621 0:52 /null /proc/kcore rw,nosuid shared:300 - tmpfs tmpfs rw,size=65536k,mode=755\n"
    "652 620 0:60 /gone//deleted /etc/x\\134y rw,noatime,nodiratime - tmpfs  rw\n";

std::string failure(std::string_view text) {
  auto r = parse_mountinfo(text);
  return r.ok() ? "" : r.error().sentence();
}

TEST(Mountinfo, Host) {
  auto mounts = parse_mountinfo(kHost).take();
  ASSERT_EQ(mounts.size(), 7u);
  EXPECT_EQ(mounts[0].id, 22u);
  EXPECT_EQ(mounts[0].parent, 27u);
  EXPECT_EQ(mounts[0].flags, static_cast<unsigned>(MS_RELATIME));
  EXPECT_EQ(mounts[1].options, "size=12334460k,nr_inodes=3083615,mode=755");
  EXPECT_EQ(mounts[3].dev, 254u << 20);
  EXPECT_EQ(mounts[3].source, "/dev/vda");
  EXPECT_TRUE(mounts[3].is_root());
  EXPECT_EQ(mounts[4].flags, static_cast<unsigned>(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_RELATIME));
  EXPECT_EQ(mounts[4].sb_flags, static_cast<unsigned>(MS_RDONLY));
  EXPECT_EQ(mounts[4].options, "size=4k,mode=755");
  EXPECT_EQ(mounts[6].flags, static_cast<unsigned>(MS_STRICTATIME)) << "neither relatime nor noatime";
}

TEST(Mountinfo, Container) {
  auto mounts = parse_mountinfo(kContainer).take();
  ASSERT_EQ(mounts.size(), 7u);
  EXPECT_EQ(mounts[0].root, "/var/lib/c one/rootfs");
  EXPECT_EQ(mounts[0].master, 1u);
  EXPECT_EQ(mounts[0].shared, 0u);
  EXPECT_EQ(mounts[2].shared, 300u);
  EXPECT_EQ(mounts[2].master, 7u);
  EXPECT_EQ(mounts[2].flags & (MS_SHARED | MS_SLAVE), static_cast<unsigned>(MS_SHARED | MS_SLAVE));
  EXPECT_TRUE(mounts[4].flags & MS_UNBINDABLE);
  EXPECT_TRUE(mounts[6].deleted);
  EXPECT_EQ(mounts[6].root, "/gone");
  EXPECT_EQ(mounts[6].point, "/etc/x\\y");
  EXPECT_EQ(mounts[6].source, "");
  EXPECT_EQ(mounts[6].flags, static_cast<unsigned>(MS_NOATIME | MS_NODIRATIME));
}

TEST(Mountinfo, WhatIsNotKnownIsNamed) {
  EXPECT_NE(failure("1 2 0:1 / / rw,newflag - proc proc rw\n").find("newflag"), std::string::npos);
  EXPECT_NE(failure("1 2 0:1 / / rw newfield:2 - proc proc rw\n").find("newfield:2"), std::string::npos);
  EXPECT_NE(failure("1 2 0:1 / / rw shared:x - proc proc rw\n").find("no number"), std::string::npos);
  EXPECT_NE(failure("1 2 0:1 / rw - proc proc rw\n").find("too few"), std::string::npos);
  EXPECT_NE(failure("x 2 0:1 / / rw - proc proc rw\n").find("numbers"), std::string::npos);
  EXPECT_EQ(failure(""), "");
}

TEST(Paths, BelowAndJoin) {
  EXPECT_TRUE(is_below("/a/b", "/a"));
  EXPECT_TRUE(is_below("/a", "/a"));
  EXPECT_TRUE(is_below("/a", "/"));
  EXPECT_FALSE(is_below("/ab", "/a"));
  EXPECT_EQ(below("/a/b", "/a"), "/b");
  EXPECT_EQ(below("/a", "/"), "/a");
  EXPECT_EQ(below("/", "/"), "");
  EXPECT_EQ(join("/", ""), "/");
  EXPECT_EQ(join("/", "/x"), "/x");
  EXPECT_EQ(join("/a", "/x"), "/a/x");
}

TEST(SeenFrom, ADirectoryThatIsNoMount) {
  auto all = parse_mountinfo(
                 "10 1 8:1 / / rw - ext4 a rw\n11 10 0:1 / /proc rw - proc p rw\n"
                 "12 10 0:2 / /c/root/tmp rw - tmpfs t rw\n13 12 0:3 / /c/root/tmp/x rw - tmpfs t rw\n"
                 "14 10 0:4 / /c/rootless rw - tmpfs t rw\n")
                 .take();
  auto seen = seen_from(all, 10, "/c/root").take();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].point, "/");
  EXPECT_EQ(seen[0].root, "/c/root");
  EXPECT_EQ(seen[1].point, "/tmp");
  EXPECT_EQ(seen[2].point, "/tmp/x");
  EXPECT_FALSE(seen_from(all, 99, "/").ok());
  EXPECT_FALSE(seen_from(all, 12, "/c").ok());
}

TEST(SeenFrom, TheMountOnTopOfAnother) {
  auto all = parse_mountinfo(
                 "10 1 8:1 / / rw - ext4 a rw\n11 10 0:1 / / rw - tmpfs p rw\n"
                 "12 10 0:2 / /hidden rw - tmpfs t rw\n13 11 0:3 / /x rw - tmpfs t rw\n")
                 .take();
  auto seen = seen_from(all, 11, "/").take();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].id, 11u);
  EXPECT_EQ(seen[1].id, 13u);
}

TEST(OrderForMounting, ParentsFirstAndCoversLast) {
  auto mounts = parse_mountinfo(
                    "14 12 0:4 / /a/b/c rw - tmpfs t rw\n13 10 0:3 / /a rw - tmpfs cover rw\n"
                    "12 10 0:2 / /a/b rw - tmpfs t rw\n10 1 8:1 / / rw - ext4 a rw\n")
                    .take();
  order_for_mounting(mounts);
  std::vector<std::uint32_t> ids;
  for (const Mount& m : mounts) ids.push_back(m.id);
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{10, 12, 13, 14}));
}

}  // namespace
}  // namespace cr::mnt
