/* zdtm:
 * title: tunnels of IPv4 and IPv6 in IPv6
 * needs: root tool:ip link:ip6tnl link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add fd99::1/64 dev v0 nodad &&"
      "ip link add x0 type ip6tnl local fd99::1 remote fd99::2 hoplimit 7 tclass 0x12 flowlabel 0x345 encaplimit 2 dev v0 &&"
      "ip link add x1 mtu 1300 type ip6tnl local fd99::1 remote fd99::3 mode ipip6 encaplimit none dscp inherit fwmark 4 &&"
      "ip link add x2 type ip6tnl local fd99::1 remote fd99::4 mode any && ip link set x0 up && ip link set x1 up &&"
      "ip addr add fd9a::1/64 dev x0 nodad && ip addr add 10.9.14.1 peer 10.9.14.2 dev x1",
      "true");
}
