/* zdtm:
 * title: macvlan devices in each mode
 * needs: root tool:ip link:macvlan link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "for n in 0 1 2; do ip link add v$n type veth peer name w$n && ip link set v$n up && ip link set w$n up || exit 1; done;"
      "ip link add link v0 name x0 address 02:00:00:00:00:10 type macvlan mode bridge && ip link add link v0 name x1 type macvlan mode private &&"
      "ip link add link v1 name x2 mtu 1400 type macvlan mode vepa && ip link add link v2 name x3 type macvlan mode passthru nopromisc &&"
      "ip link set x0 up && ip link set x2 up && ip addr add 10.9.11.1/24 dev x0",
      "true");
}
