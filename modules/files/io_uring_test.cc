#include <gtest/gtest.h>

#include <cerrno>

#include "files/io_uring_probe.h"
#include "files/parasite.h"

namespace cr::files {
namespace {

constexpr char kText[] =
    "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t85924\nSqMask:\t0x3\nSqHead:\t7\nSqTail:\t8\nCachedSqHead:\t7\n"
    "CqMask:\t0xf\nCqHead:\t2\nCqTail:\t4\nCachedCqTail:\t5\nSQEs:\t1\n"
    "    3: opcode:NOP, fd:0, flags:0, off:0, addr:0x0, rw_flags:0x0, buf_index:0 user_data:0\n"
    "CQEs:\t1\n    2: user_data:0, res:0, flag:0\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t5\n"
    "    0: /etc/hostname\n    1: socket:[85926]\n    2: <none>\n    4: /a\\040b\nUserBufs:\t3\n"
    "    0: 0x7f6459892000/4096\n    1: <none>\n    2: 0x7f6459894000/10\nPollList:\n  op=22, task_works=0\n"
    "CqOverflowList:\n  user_data=1, res=0, flags=0\nNAPI:\tdisabled\n";

TEST(IoUring, Fdinfo) {
  const auto parsed = parse_fdinfo_io_uring(kText);
  ASSERT_TRUE(parsed.ok());
  const RingInfo& info = parsed.value();
  EXPECT_EQ(info.sq_entries, 4u);
  EXPECT_EQ(info.cq_entries, 16u);
  EXPECT_EQ(info.submitted, 7u);
  EXPECT_EQ(info.completed, 5u);
  EXPECT_FALSE(info.has_thread);
  EXPECT_FALSE(info.busy_polls);
  EXPECT_EQ(info.waiting, 1u);
  EXPECT_EQ(info.overflown, 1u);
  EXPECT_EQ(info.file_places, 5u);
  const std::map<std::uint32_t, std::string> files{{0, "/etc/hostname"}, {1, "socket:[85926]"}, {4, "/a\\040b"}};
  EXPECT_EQ(info.files, files);
  const std::vector<RingBuffer> buffers{{0x7f6459892000, 4096}, {}, {0x7f6459894000, 10}};
  EXPECT_EQ(info.buffers, buffers);
  EXPECT_NE(reason_against(info), "");
}

TEST(IoUring, FdinfoOfABusyRing) {
  EXPECT_FALSE(parse_fdinfo_io_uring("pos:\t0\nflags:\t02\n").ok());
  EXPECT_FALSE(parse_fdinfo_io_uring("").ok());
}

/// Every layout that this kernel can make is found again, whether the ring is new or has been used.
TEST(IoUring, FindsHowARingWasMade) {
  for (std::uint32_t flags :
       {0u, kSetupCqe32 + 0u, kSetupSqe128 + 0u, kSetupNoSqArray + 0u, kSetupCqe32 | kSetupNoSqArray})
    for (std::uint32_t entries : {1u, 8u, 64u, 1024u}) {
      RingParams made;
      made.sq_entries = entries;
      made.cq_entries = 4 * entries;
      made.flags = flags;
      const auto ring = make_ring(made, "the test's ring");
      if (!ring.ok()) {
        EXPECT_TRUE(ring.error().err == EINVAL || ring.error().err == EPERM || ring.error().err == ENOSYS);
        continue;
      }
      RingInfo info;
      info.sq_entries = made.sq_entries;
      info.cq_entries = made.cq_entries;
      const auto found = find_params(ring.value().get(), info, "the test's ring");
      ASSERT_TRUE(found.ok()) << found.error().sentence();
      EXPECT_EQ(found.value().flags & ~std::uint32_t{kSetupSubmitAll}, made.flags) << entries << " entries";
      EXPECT_EQ(found.value().rings_size(), made.rings_size());
      EXPECT_EQ(reason_against_ring(ring.value().get()), "");
      EXPECT_EQ(flags_of_one_thread(ring.value().get()), 0u);
      RingAsk answers{.fd = ring.value().get()};
      ask_ring(answers);
      EXPECT_EQ(reason_of_answers(answers), "");
      EXPECT_NE(answers.eventfd, -EBUSY);
    }
}

}  // namespace
}  // namespace cr::files
