/* zdtm:
 * title: a network namespace with lo, a veth pair, a bridge, addresses, routes, rules, neighbours and settings
 * needs: root tool:ip
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  sh("ip link set lo up && ip link add br0 type bridge forward_delay 300 &&"
     "ip link add v0 mtu 1400 index 70 type veth peer name v1 index 60 && ip link set v1 master br0 &&"
     "ip link set br0 up && ip link set v0 up && ip link set v1 up && ip addr add 10.7.0.1/24 dev v0 &&"
     "ip addr add 10.7.0.2/24 dev br0 && ip addr add fd07::1/64 dev v0 nodad &&"
     "ip route add default via 10.7.0.254 metric 9 && ip -6 route add fd08::/64 via fd07::2 &&"
     "ip rule add from 10.7.0.0/24 lookup 100 && ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:09 dev v0 &&"
     "echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv4/conf/v0/arp_ignore");
  sleep(2); /* duplicate addresses are looked for */
  char* before = netns_view();

  test_daemon();
  test_waitsig();

  expect_same_text("the namespace", before, netns_view());
  char* setting = output_of("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/v0/arp_ignore");
  expect_same_text("a setting", "1\n1\n", setting);
  pass();
}
