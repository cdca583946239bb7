#include "security/creds.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include "core/capability.h"

namespace cr::security {
namespace {

// Linux 6.18, shortened to what surrounds the lines of interest.
constexpr std::string_view kStatus =
    "Name:\tUid:\nUmask:\t0022\nState:\tt (tracing "
    "stop)\nTgid:\t26152\nPid:\t26152\nPPid:\t26150\nTracerPid:\t26150\n"
    "Uid:\t77\t78\t79\t80\nGid:\t5\t6\t7\t8\nFDSize:\t256\nGroups:\t4 24 4294967294 \nNStgid:\t26152\n"
    "CapInh:\t0000000000000400\nCapPrm:\t00000000000004c0\nCapEff:\t0000000000000040\nCapBnd:\t000001fffeffffff\n"
    "CapAmb:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t2\n";
// Linux 4.2: neither ambient capabilities nor NoNewPrivs.
constexpr std::string_view kOldStatus =
    "Name:\tcat\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nCapInh:\t0000000000000000\nCapPrm:"
    "\t0000003fffffffff\n"
    "CapEff:\t0000003fffffffff\nCapBnd:\t0000003fffffffff\nSeccomp:\t0\n";

TEST(Creds, ReadsStatus) {
  auto r = parse_status(kStatus);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  const Creds& c = r.value();
  EXPECT_EQ(c.uid, (Ids{77, 78, 79, 80}));
  EXPECT_EQ(c.gid, (Ids{5, 6, 7, 8}));
  EXPECT_EQ(c.groups, (std::vector<std::uint32_t>{4, 24, 4294967294u}));
  EXPECT_EQ(c.caps, (Capabilities{0x400, 0x4c0, 0x40, 0x1fffeffffff, 0x400}));
  EXPECT_TRUE(c.no_new_privs);
}

TEST(Creds, ReadsTheStatusOfOldKernels) {
  auto r = parse_status(kOldStatus);
  ASSERT_TRUE(r.ok()) << r.error().sentence();
  EXPECT_TRUE(r.value().groups.empty());
  EXPECT_EQ(r.value().caps.ambient, 0u);
  EXPECT_FALSE(r.value().no_new_privs);
}

TEST(Creds, RefusesAnIncompleteStatus) {
  EXPECT_FALSE(parse_status("").ok());
  EXPECT_FALSE(parse_status("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\nGroups:\t\n").ok());
  std::string text(kOldStatus);
  text.replace(text.find("CapEff"), 6, "CapXff");
  auto r = parse_status(text);
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("CapEff"), std::string::npos);
}

TEST(Creds, Labels) {
  EXPECT_EQ(parse_label("unconfined\n"), "");
  EXPECT_EQ(parse_label("docker-default (enforce)\n"), "docker-default (enforce)");
  EXPECT_EQ(parse_label(std::string_view("system_u:system_r:init_t:s0\0", 28)), "system_u:system_r:init_t:s0");
  EXPECT_EQ(parse_label(""), "");
}

TEST(Creds, CapabilityNames) {
  EXPECT_EQ(capability_name(CAP_CHOWN), "cap_chown");
  EXPECT_EQ(capability_name(CAP_SETPCAP), "cap_setpcap");
  EXPECT_EQ(capability_name(CAP_SYS_RESOURCE), "cap_sys_resource");
  EXPECT_EQ(capability_name(CAP_CHECKPOINT_RESTORE), "cap_checkpoint_restore");
  EXPECT_EQ(capability_name(63), "capability 63");
}

class CheckCreds : public testing::Test {
 protected:
  Options opt;
  Creds own{.caps = {0, 0xff, 0xff, 0xff, 0}};
  Creds wanted{.caps = {0, 0x0f, 0x0f, 0xff, 0}};
  Result<> check() { return check_creds(opt, NsPid{1}, own, wanted); }
};

TEST_F(CheckCreds, FewerCapabilitiesAreFine) { EXPECT_TRUE(check().ok()); }

TEST_F(CheckCreds, OneThatWeLackIsRefusedByName) {
  wanted.caps.permitted |= 1ull << CAP_SYS_RESOURCE;
  auto r = check();
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("cap_sys_resource"), std::string::npos) << r.error().sentence();
  opt.allow_lossy = {"capabilities"};
  EXPECT_TRUE(check().ok());
  EXPECT_EQ(wanted.caps.permitted, 0x0fu);
}

TEST_F(CheckCreds, NoNewPrivsOfOursIsRefused) {
  own.no_new_privs = true;
  EXPECT_FALSE(check().ok());
  opt.allow_lossy = {"no-new-privs"};
  EXPECT_TRUE(check().ok());
  EXPECT_TRUE(wanted.no_new_privs);
}

TEST_F(CheckCreds, AnotherLabelIsRefused) {
  wanted.label = "docker-default (enforce)";
  auto r = check();
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("docker-default"), std::string::npos);
  wanted.label = "";
  EXPECT_TRUE(check().ok());
}

TEST_F(CheckCreds, OtherUsersNeedTheirCapability) {
  own.caps = {};
  wanted.caps = {};
  EXPECT_TRUE(check().ok());
  wanted.uid = {1, 1, 1, 1};
  EXPECT_FALSE(check().ok());
  own.caps.effective = 1ull << CAP_SETUID;
  EXPECT_TRUE(check().ok());
  wanted.groups = {5};
  EXPECT_FALSE(check().ok());
}

TEST(Creds, OwnAgreeWithTheKernel) {
  auto own = own_creds();
  ASSERT_TRUE(own.ok()) << own.error().sentence();
  EXPECT_EQ(own.value().caps.effective, core::effective_capabilities());
}

}  // namespace
}  // namespace cr::security
