/* zdtm:
 * title: fallback devices of tunnels, which the kernel makes in every network namespace: settings, addresses, up
 * needs: root tool:ip link:gre link:sit link:ipip link:ip6tnl
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  if (system("ip link show dev gre0 >/dev/null 2>&1") != 0) skip("the kernel makes none (net.core.fb_tunnels_only_for_init_net)");
  sh("ip link set gre0 up mtu 1400 alias main && ip addr add 10.9.20.1/24 dev gre0 && ip link set sit0 up &&"
     "ip link set tunl0 txqueuelen 55 && ip link set gretap0 address 02:00:00:00:00:f0 && ip link set gretap0 up &&"
     "ip addr add fda0::1/64 dev ip6tnl0 nodad && ip link add v0 type veth peer name v1 && ip link set v0 up &&"
     "echo 1 > /proc/sys/net/ipv4/conf/tunl0/arp_ignore");
  sleep(3); /* duplicate addresses are looked for */
  char* before = netns_view();

  test_daemon();
  test_waitsig();

  expect_same_text("the namespace", before, netns_view());
  expect_same_text("a setting", "1\n", output_of("cat /proc/sys/net/ipv4/conf/tunl0/arp_ignore"));
  pass();
}
