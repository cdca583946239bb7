#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/portless_peer.h"

namespace cr::net {
namespace {

TEST(PortlessPeer, IsReadFromTheFilesOfProc) {
  const PortlessPeers found = parse_portless(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
      "drops\n"
      "  100: 0100007F:1F90 0200007F:0000 01 00000000:00000000 00:00000000 00000000     0        0 4711 2 00000000 "
      "0\n"
      "  101: 0100007F:1F91 0300007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 4712 2 00000000 "
      "0\n"
      "  102: 00000000:1F92 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713 2 00000000 "
      "0\n"
      "  103: cut off\n",
      AF_INET);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.at(4711).text(), "127.0.0.2:0");
}

TEST(PortlessPeer, AlsoOfIPv6) {
  const PortlessPeers found = parse_portless(
      "  sl  local_address                         remote_address                        st tx_queue rx_queue\n"
      "   1: 00000000000000000000000001000000:00C8 B80D0120000000000000000005000000:0000 01 00000000:00000000 "
      "00:00000000 00000000     0        0 15 2 00000000 0\n",
      AF_INET6);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.at(15).text(), "[2001:db8::5]:0");
}

}  // namespace
}  // namespace cr::net
