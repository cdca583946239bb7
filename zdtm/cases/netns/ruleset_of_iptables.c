/* zdtm:
 * title: rules that iptables-nft, ip6tables-nft and ebtables-nft make, with extensions that want a protocol
 * needs: root tool:iptables-nft tool:ebtables tool:nft
 */
#define _GNU_SOURCE
#include "netns.h"

#define SAVE "(iptables-nft-save; ip6tables-nft-save; ebtables-nft -L) | grep -v '^#'"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	new_netns();
	setenv("XTABLES_LOCKFILE", test_path("lock"), 1); /* that in /run is not for every root */
	sh("iptables-nft -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT &&"
	   "iptables-nft -A INPUT -p tcp -j REJECT --reject-with tcp-reset &&"
	   "iptables-nft -A INPUT ! -p udp -m comment --comment 'two words' -j DROP &&"
	   "iptables-nft -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu &&"
	   "ip6tables-nft -A INPUT -p udp -m multiport --sports 53,5353 -j ACCEPT &&"
	   "ebtables-nft -A FORWARD -p IPv4 --ip-proto tcp -j DROP &&"
	   "ebtables-nft -A INPUT -p ARP --arp-opcode Request -j ACCEPT");
	char *before = output_of(SAVE);
	expect(strstr(before, "multiport") && strstr(before, "tcp-reset") && strstr(before, "clamp-mss") &&
	       strstr(before, "--sports 53,5353") && strstr(before, "--ip-proto tcp") && strstr(before, "--arp-op"));
	test_daemon();
	test_waitsig();
	expect_same_text("the rules", before, output_of(SAVE));
	pass();
	return 0;
}
