/* zdtm:
 * title: a tracked connection with its state and mark, and rules that let only such packets pass
 * needs: root tool:iptables-legacy tool:ip
 */
#define _GNU_SOURCE
#include "inet.h"
#include "netns.h"

/* The time that is left runs on. */
#define TRACKED "sed -E 's/ +[0-9]+ ESTABLISHED/ ESTABLISHED/; s/ use=[0-9]+//' /proc/self/net/nf_conntrack | grep ESTABLISHED | sort"

int main(int argc, char** argv) {
  int client, server;

  test_init(argc, argv);
  new_netns();
  setenv("XTABLES_LOCKFILE", test_path("lock"), 1); /* that in /run is not for every root */
  sh("ip link set lo up");
  if (access("/proc/self/net/nf_conntrack", R_OK)) skip("the kernel does not show tracked connections");
  if (system("iptables-legacy -w -t mangle -A OUTPUT -p tcp --syn -j CONNMARK --set-mark 7")) skip("no target CONNMARK");
  tcp_pair(AF_INET, &client, &server);
  both_ways(client, server);
  /* From here on, a packet that belongs to no known connection is lost. */
  sh("iptables-legacy -w -A INPUT -p tcp -m connmark ! --mark 7 -j DROP");
  both_ways(client, server);
  char* before = output_of(TRACKED);
  expect(strstr(before, "ASSURED") && strstr(before, "mark=7"));

  test_daemon();
  test_waitsig();

  expect_same_text("the tracked connections", before, output_of(TRACKED));
  both_ways(client, server);
  pass();
}
