/* zdtm:
 * title: a WireGuard device whose packets go through the namespace that it was made in is refused by name
 * network: own
 * needs: root tool:ip tool:wg link:wireguard
 * refuse: network device x0 (wireguard)
 */
#define _GNU_SOURCE
#include <fcntl.h>

#include "netns.h"

int main(int argc, char** argv) {
  char command[300];
  test_init(argc, argv);
  int outside = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  new_netns();
  int own = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  must(setns(outside, CLONE_NEWNET));
  snprintf(command, sizeof(command), "ip link add x0 type wireguard && ip link set x0 netns /proc/%d/fd/%d", getpid(), own);
  sh(command);
  must(setns(own, CLONE_NEWNET));
  close(own);
  close(outside);
  sh("wg set x0 listen-port 51821 && ip link set x0 up");

  test_daemon();
  test_waitsig();

  expect(strstr(output_of("wg showconf x0"), "51821") != NULL);
  pass();
}
