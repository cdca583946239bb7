/* zdtm:
 * title: a socket of another network namespace than its holder's is refused by name
 * needs: root tool:ip
 * refuse: another network namespace than the one its holder lives in
 */
#define _GNU_SOURCE
#include "inet.h"
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int before = bound(AF_INET, SOCK_DGRAM, 0);
  new_netns();
  sh("ip link set lo up");

  test_daemon();
  test_waitsig();

  struct at at = own_address(before);
  must(sendto(before, "x", 1, 0, sa(&at), at.size));
  pass();
}
