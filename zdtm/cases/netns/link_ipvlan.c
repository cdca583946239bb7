/* zdtm:
 * title: ipvlan devices in the three modes
 * needs: root tool:ip link:ipvlan link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "for n in 2 3 s; do ip link add v$n type veth peer name w$n && ip link set v$n up && ip link set w$n up || exit 1; done;"
      "ip link add link v2 name x2 type ipvlan mode l2 bridge && ip link add link v2 name y2 type ipvlan mode l2 bridge &&"
      "ip link add link v3 name x3 mtu 1300 type ipvlan mode l3 vepa && ip link add link vs name xs type ipvlan mode l3s private &&"
      "ip link set x2 up && ip link set x3 up && ip addr add 10.9.2.1/24 dev x2 && ip addr add 10.9.3.1/24 dev x3",
      "true");
}
