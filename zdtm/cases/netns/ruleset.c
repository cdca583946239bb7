/* zdtm:
 * title: rules of nf_tables, with sets, maps, counters and jumps, in a network namespace
 * needs: root tool:nft tool:ip
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  sh("nft 'add table inet f; add set inet f s { type ipv4_addr; flags interval; };"
     "add element inet f s { 10.0.0.0/8, 192.168.1.1 }; add chain inet f sub; add rule inet f sub counter accept;"
     "add chain inet f in { type filter hook input priority 5; policy drop; };"
     "add rule inet f in ip saddr @s drop; add rule inet f in tcp dport { 80, 443 } ct state new accept;"
     "add rule inet f in tcp dport vmap { 22 : accept, 23 : jump sub }'");
  char* before = output_of("nft list ruleset");
  expect(strstr(before, "jump sub") != NULL);

  test_daemon();
  test_waitsig();

  expect_same_text("the ruleset", before, output_of("nft list ruleset"));
  pass();
}
