#include "netns/sit_image.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
// After it.
#include <linux/if_tunnel.h>

#include "netns/sit.pb.h"

namespace cr::netns {
namespace {

Message data_of(Request& r) {
  const ByteSpan data = body_of(r.message());
  return {data.begin(), data.end()};
}

TEST(SitImage, ThereAndBack) {
  Request r(0, 0);
  r.number(IFLA_IPTUN_LINK, std::uint32_t{7});
  r.number(IFLA_IPTUN_TTL, std::uint8_t{9});
  r.number(IFLA_IPTUN_FLAGS, std::uint16_t{1});
  r.number(IFLA_IPTUN_PMTUDISC, std::uint8_t{0});
  r.number(IFLA_IPTUN_LOCAL, htonl(0x0a000001));
  in6_addr prefix{};
  prefix.s6_addr[0] = 0x20;
  prefix.s6_addr[15] = 5;
  r.number(IFLA_IPTUN_6RD_PREFIX, prefix);
  const Message shown = data_of(r);

  pb::sit_entry e;
  put_sit(shown, e);
  EXPECT_EQ(e.link(), 7u);
  EXPECT_TRUE(e.has_pmtudisc());
  EXPECT_FALSE(e.pmtudisc());
  EXPECT_FALSE(e.has_tos());
  ASSERT_EQ(e.local_size(), 1);
  EXPECT_EQ(e.local(0), htonl(0x0a000001));
  EXPECT_EQ(e.remote_size(), 0);
  EXPECT_EQ(e.rd_prefix_size(), 4);

  const Message back = take_sit(e);
  EXPECT_EQ(attributes(back).size(), attributes(shown).size());
  for (const Attribute& a : attributes(shown)) {
    const auto same = attribute(back, a.type);
    ASSERT_TRUE(same.has_value()) << a.type;
    EXPECT_TRUE(std::equal(same->begin(), same->end(), a.data.begin(), a.data.end())) << a.type;
  }
}

TEST(SitImage, AddressThatIsCutShort) {
  pb::sit_entry e;
  e.add_rd_prefix(1);
  EXPECT_FALSE(attribute(take_sit(e), IFLA_IPTUN_6RD_PREFIX).has_value());
}

}  // namespace
}  // namespace cr::netns
