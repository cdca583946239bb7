/* zdtm:
 * title: a network device of a kind that is not carried is refused by its name and kind
 * needs: root tool:ip link:macvtap link:veth
 * refuse: network device x0 (macvtap)
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  sh("ip link add v0 type veth peer name v1 && ip link add link v0 name x0 type macvtap mode bridge && ip link set x0 up");

  test_daemon();
  test_waitsig();

  expect(strstr(output_of("ip -d link show dev x0"), "macvtap") != NULL);
  pass();
}
