/* zdtm:
 * title: bonds: which of their ports is active, ports that a mode shares, and LACP
 * needs: root tool:ip link:bond link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "for n in 0 1 2 3 4 5; do ip link add v$n address 02:00:00:00:01:0$n type veth peer name w$n && ip link set w$n up || exit 1; done;"
      "ip link add b0 address 02:00:00:00:00:b0 mtu 1400 type bond mode active-backup miimon 50 updelay 100 downdelay 150 num_grat_arp 3 fail_over_mac none &&"
      "ip link set v0 master b0 && ip link set v1 master b0 && ip link set v1 type bond_slave queue_id 3 && ip link set b0 type bond primary v0 primary_reselect failure &&"
      "ip link add b1 type bond mode balance-rr arp_interval 500 arp_ip_target 10.9.15.2,10.9.15.3 packets_per_slave 5 && ip link set v2 master b1 && ip link set v3 master b1 &&"
      "ip link add b2 type bond mode 802.3ad lacp_rate fast ad_select bandwidth xmit_hash_policy layer3+4 min_links 1 ad_actor_sys_prio 77 && ip link set v4 master b2 &&"
      "ip link add b3 type bond mode balance-tlb tlb_dynamic_lb 0 lp_interval 4 && ip link set v5 master b3 &&"
      "ip link set b0 up && ip link set b1 up && ip link set b2 up && ip link set b3 up && ip addr add 10.9.15.1/24 dev b0 && sleep 1 && ip link set b0 type bond active_slave v1",
      "true");
}
