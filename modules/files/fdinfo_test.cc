#include "files/fdinfo.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "files/locks.h"

namespace cr::files {
namespace {

TEST(Fdinfo, CommonOfSeveralKernels) {
  auto old = parse_fdinfo_common("pos:\t42\nflags:\t0100002\nmnt_id:\t21\n");  // 4.x
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old.value().pos, 42u);
  EXPECT_EQ(old.value().flags, 0100002u);
  EXPECT_EQ(old.value().mnt_id, 21);
  auto now =
      parse_fdinfo_common("pos:\t0\nflags:\t02004002\nmnt_id:\t15\nino:\t1039\neventfd-count: 5\n");  // 5.14 and on
  ASSERT_TRUE(now.ok());
  EXPECT_EQ(now.value().flags & O_CLOEXEC, static_cast<unsigned>(O_CLOEXEC));
  auto locked = parse_fdinfo_common(
      "pos:\t0\nflags:\t0100002\nmnt_id:\t21\nlock:\t1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF\n");
  ASSERT_EQ(locked.value().locks.size(), 1u);
  EXPECT_EQ(locked.value().locks[0].substr(0, 8), "1: FLOCK");
  EXPECT_EQ(parse_fdinfo_common("pos:\t-4096\nflags:\t00\n").value().pos, static_cast<std::uint64_t>(-4096));
}

TEST(Fdinfo, CommonRefusesNonsense) {
  EXPECT_FALSE(parse_fdinfo_common("").ok());
  EXPECT_FALSE(parse_fdinfo_common("pos:\t1\n").ok());
  EXPECT_FALSE(parse_fdinfo_common("pos:\tx\nflags:\t02\n").ok());
  EXPECT_FALSE(parse_fdinfo_common("pos:\t1\nflags:\t09\n").ok());
}

TEST(Locks, Lines) {
  auto record = parse_lock("1: POSIX  ADVISORY  READ 359 00:13:11691 10 29");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record.value().kind, LockKind::kPosix);
  EXPECT_EQ(record.value().type, static_cast<unsigned>(F_RDLCK));
  EXPECT_EQ(record.value().taker, 359);
  EXPECT_EQ(record.value().start, 10);
  EXPECT_EQ(record.value().len, 20);
  auto whole = parse_lock("2: OFDLCK ADVISORY  WRITE -1 fd:01:7 5 EOF");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole.value().kind, LockKind::kOfd);
  EXPECT_EQ(whole.value().taker, -1);
  EXPECT_EQ(whole.value().len, 0);
  EXPECT_EQ(parse_lock("1: LEASE  ACTIVE    WRITE 7 00:13:1 0 EOF").value().kind, LockKind::kLease);
  EXPECT_FALSE(parse_lock("1: LEASE  BREAKING  READ 7 00:13:1 0 EOF").ok());
  EXPECT_FALSE(parse_lock("1: DELEG  ACTIVE    READ 7 00:13:1 0 EOF").ok());
  EXPECT_FALSE(parse_lock("1: FLOCK").ok());
}

TEST(Fdinfo, Eventfd) {
  auto old = parse_fdinfo_eventfd("pos:\t0\nflags:\t02\nmnt_id:\t9\neventfd-count:                5\n");
  EXPECT_EQ(old.value().count, 5u);
  EXPECT_FALSE(old.value().semaphore.has_value());
  auto now = parse_fdinfo_eventfd("eventfd-count: fffffffffffffffe\neventfd-id: 3\neventfd-semaphore: 1\n");  // 6.5
  EXPECT_EQ(now.value().count, 0xfffffffffffffffeull);
  EXPECT_TRUE(*now.value().semaphore);
  EXPECT_FALSE(parse_fdinfo_eventfd("pos:\t0\n").ok());
}

TEST(Fdinfo, SignalfdAndTimerfd) {
  EXPECT_EQ(parse_fdinfo_signalfd("pos:\t0\nflags:\t02\nsigmask:\t0000000000000800\n").value(), 0x800u);
  auto t = parse_fdinfo_timerfd(
      "pos:\t0\nflags:\t02\nmnt_id:\t9\nclockid: 1\nticks: 2\nsettime flags: 01\nit_value: (7199, 253584115)\n"
      "it_interval: (3600, 0)\n");
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t.value().clockid, 1);
  EXPECT_EQ(t.value().ticks, 2u);
  EXPECT_EQ(t.value().settime_flags, 1u);
  EXPECT_EQ(t.value().value_sec, 7199u);
  EXPECT_EQ(t.value().value_nsec, 253584115u);
  EXPECT_EQ(t.value().interval_sec, 3600u);
  EXPECT_FALSE(parse_fdinfo_timerfd("clockid: 1\nticks: 2\n").ok());
  EXPECT_FALSE(
      parse_fdinfo_timerfd("clockid: 1\nticks: 2\nsettime flags: 01\nit_value: (7199\nit_interval: (3600, 0)\n")
          .ok());
}

TEST(Fdinfo, Epoll) {
  auto t = parse_fdinfo_epoll(
      "pos:\t0\nflags:\t02\nmnt_id:\t15\n"
      "tfd:       10 events: 80000019 data:               64  pos:0 ino:40f sdev:10\n"
      "tfd:        7 events:       1d data: ffffffffffffffff  pos:-1 ino:165a1c sdev:9\n");
  ASSERT_EQ(t.value().size(), 2u);
  EXPECT_EQ(t.value()[0].tfd, 10);
  EXPECT_EQ(t.value()[0].events, 0x80000019u);
  EXPECT_EQ(t.value()[0].data, 100u);
  EXPECT_EQ(t.value()[0].ino, 1039u);
  EXPECT_EQ(t.value()[0].dev, 16u);
  EXPECT_EQ(t.value()[1].data, ~0ull);
  auto old = parse_fdinfo_epoll("tfd:        5 events:       1d data: ffffffffffffffff\n");  // before 4.13
  EXPECT_EQ(old.value()[0].ino, 0u);
  EXPECT_FALSE(parse_fdinfo_epoll("tfd:        5 events: zz data: 1\n").ok());
}

TEST(Fdinfo, Inotify) {
  auto w = parse_fdinfo_inotify(
      "pos:\t0\nflags:\t00\ninotify wd:2 ino:13e001 sdev:fe00000 mask:100 ignored_mask:0 fhandle-bytes:8 "
      "fhandle-type:1 f_handle:01e01300dcba9876\n"
      "inotify wd:1 ino:2 sdev:1b mask:fff ignored_mask:0 \n");
  ASSERT_EQ(w.value().size(), 2u);
  EXPECT_EQ(w.value()[0].wd, 2);
  EXPECT_EQ(w.value()[0].ino, 0x13e001u);
  EXPECT_EQ(w.value()[0].dev, 0xfe00000u);
  EXPECT_EQ(w.value()[0].mask, 0x100u);
  EXPECT_EQ(w.value()[0].handle, (std::vector<std::uint8_t>{1, 0xe0, 0x13, 0, 0xdc, 0xba, 0x98, 0x76}));
  EXPECT_TRUE(w.value()[1].handle.empty());
  EXPECT_FALSE(parse_fdinfo_inotify("inotify wd:2 ino:1 sdev:1 mask:1 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 "
                                    "f_handle:01e0\n")
                   .ok());
}

}  // namespace
}  // namespace cr::files
