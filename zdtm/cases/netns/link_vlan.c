/* zdtm:
 * title: VLAN devices with flags, priority maps and one on top of the other
 * needs: root tool:ip link:vlan link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up &&"
      "ip link add link v0 name x7 mtu 1400 type vlan id 7 reorder_hdr off loose_binding on ingress-qos-map 1:2 egress-qos-map 3:4 5:6 &&"
      "ip link add link v0 name x8 type vlan protocol 802.1ad id 8 && ip link add link x8 name x9 type vlan id 9 &&"
      "ip link set x7 up && ip link set x8 up && ip addr add 10.9.7.1/24 dev x7 && ip addr add fd97::1/64 dev x8 nodad",
      "true");
}
