/* zdtm:
 * title: tunnels of IPv4 and IPv6 in IPv4
 * needs: root tool:ip link:ipip link:sit link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.9.8.1/24 dev v0 &&"
      "ip link add x0 type ipip local 10.9.8.1 remote 10.9.8.2 ttl 9 tos inherit dev v0 && ip link add x1 mtu 1300 type ipip remote 10.9.8.3 nopmtudisc &&"
      "ip link add x2 type sit local 10.9.8.1 remote 10.9.8.4 ttl 8 fwmark 6 && ip link add x3 type sit local 10.9.8.1 6rd-prefix 2001:db8::/32 6rd-relay_prefix 10.9.0.0/16 &&"
      "ip link add x4 type sit local 10.9.8.1 remote 10.9.8.5 mode ipip && ip link add x5 type sit local 10.9.8.1 remote 10.9.8.6 isatap &&"
      "ip link set x0 up && ip link set x2 up && ip addr add 10.9.9.1 peer 10.9.9.2 dev x0 && ip addr add fd98::1/64 dev x2 nodad",
      "true");
}
