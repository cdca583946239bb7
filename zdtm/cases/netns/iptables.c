/* zdtm:
 * title: rules, chains, policies and counters of the older iptables and ip6tables in a network namespace
 * needs: root tool:iptables-legacy
 */
#define _GNU_SOURCE
#include "netns.h"

/* Dates are in the comments. */
#define SAVE "(iptables-legacy-save -c; ip6tables-legacy-save -c) | grep -v '^#'"

int main(int argc, char** argv) {
  test_init(argc, argv);
  new_netns();
  setenv("XTABLES_LOCKFILE", test_path("lock"), 1); /* that in /run is not for every root */
  sh("iptables-legacy -w -N sub && iptables-legacy -w -A sub -c 7 700 -s 10.0.0.0/8 -j RETURN &&"
     "iptables-legacy -w -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -m comment --comment 'two words' -j sub &&"
     "iptables-legacy -w -A INPUT -m limit --limit 5/min -j REJECT --reject-with icmp-host-prohibited &&"
     "iptables-legacy -w -P FORWARD DROP -c 3 30 &&"
     "iptables-legacy -w -t nat -A POSTROUTING -o eth0 -j MASQUERADE &&"
     "iptables-legacy -w -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.1.1.1:8080 &&"
     "iptables-legacy -w -t mangle -P OUTPUT DROP &&"
     "ip6tables-legacy -w -A INPUT -s fd00::/8 -p udp --sport 53 -j ACCEPT && ip6tables-legacy -w -P INPUT DROP");
  char* before = output_of(SAVE);
  expect(strstr(before, "[7:700]") && strstr(before, "10.1.1.1:8080") && strstr(before, "fd00::/8"));
  expect(strstr(before, ":FORWARD DROP [3:30]") && strstr(before, "two words"));

  test_daemon();
  test_waitsig();

  expect_same_text("the rules", before, output_of(SAVE));
  sh("iptables-legacy -w -D INPUT 2 && iptables-legacy -w -A sub -j DROP");
  pass();
}
