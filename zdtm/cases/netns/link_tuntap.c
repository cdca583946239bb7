/* zdtm:
 * title: persistent tun and tap devices with owner, group and queues
 * needs: root tool:ip file:/dev/net/tun
 * rights: opens /dev/net/tun, which only that root may do
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip tuntap add t0 mode tap user 5 vnet_hdr && ip tuntap add t1 mode tun group 6 pi && ip tuntap add t2 mode tap multi_queue &&"
      "ip link set t0 up mtu 1300 && ip link set t1 up && ip addr add 10.9.10.1 peer 10.9.10.2 dev t1",
      "true");
}
