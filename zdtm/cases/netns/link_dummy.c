/* zdtm:
 * title: dummy devices
 * needs: root tool:ip link:dummy
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add x0 mtu 9000 index 44 address 02:00:00:00:00:44 type dummy && ip link set x0 txqueuelen 17 alias spare arp off &&"
      "ip link add x1 type dummy && ip link set x0 up && ip addr add 10.9.4.4/32 dev x0 && ip route add 10.9.44.0/24 dev x0",
      "true");
}
