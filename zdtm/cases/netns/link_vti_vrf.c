/* zdtm:
 * title: tunnels for IPsec, and a device that is a routing domain of its own
 * needs: root tool:ip link:vti link:vti6 link:vrf link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.9.19.1/24 dev v1 &&"
      "ip addr add fd9d::1/64 dev v1 nodad && ip link add x0 type vti local 10.9.19.1 remote 10.9.19.2 ikey 9 okey 8 fwmark 7 &&"
      "ip link add x1 mtu 1300 type vti6 local fd9d::1 remote fd9d::2 key 8 && ip link set x0 up &&"
      "ip link add r0 type vrf table 77 && ip link set v0 master r0 && ip link set r0 up && ip addr add 10.9.21.1/24 dev v0",
      "true");
}
