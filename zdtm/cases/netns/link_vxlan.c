/* zdtm:
 * title: vxlan devices, unicast and multicast, with entries of their own
 * needs: root tool:ip link:vxlan link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.9.12.1/24 dev v0 &&"
      "ip link add x0 type vxlan id 42 remote 10.9.12.2 local 10.9.12.1 dev v0 dstport 4789 ttl 7 nolearning ageing 77 &&"
      "ip link add x1 type vxlan id 43 group 239.1.1.1 dev v0 dstport 4790 tos 8 srcport 4000 5000 &&"
      "ip link add x2 type vxlan external dstport 4791 && ip link set x0 up && ip addr add 10.9.13.1/24 dev x0 &&"
      "bridge fdb append 02:00:00:00:00:99 dev x0 dst 10.9.12.3",
      "bridge fdb show dev x0 | sort");
}
