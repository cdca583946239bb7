/* zdtm:
 * title: tunnels of GRE over IPv4 and IPv6, with and without Ethernet
 * needs: root tool:ip link:gre link:gretap link:ip6gre link:erspan link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.9.5.1/24 dev v0 &&"
      "ip addr add fd95::1/64 dev v0 nodad &&"
      "ip link add x0 type gre local 10.9.5.1 remote 10.9.5.2 ttl 9 tos 0x10 ikey 5 okey 6 icsum ocsum iseq oseq dev v0 fwmark 3 &&"
      "ip link add x1 type gre local 10.9.5.1 remote 10.9.5.3 nopmtudisc ignore-df &&"
      "ip link add x2 address 02:00:00:00:00:52 mtu 1300 type gretap local 10.9.5.1 remote 10.9.5.4 key 77 &&"
      "ip link add x3 type gretap external && ip link add x4 type ip6gre local fd95::1 remote fd95::2 hoplimit 33 tclass 4 key 8 dev v0 &&"
      "ip link add x5 type ip6gretap local fd95::1 remote fd95::3 encaplimit 3 &&"
      "ip link add x6 type erspan local 10.9.5.1 remote 10.9.5.5 seq key 100 erspan_ver 1 erspan 123 && ip link set x0 up && ip link set x2 up &&"
      "ip link set x4 up && ip addr add 10.9.6.1 peer 10.9.6.2 dev x0 && ip addr add 10.9.66.1/24 dev x2 && ip route add 10.9.67.0/24 dev x0",
      "true");
}
