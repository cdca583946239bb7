/* zdtm:
 * title: a policy of the older ebtables that drops
 * refuse: table filter of the older ebtables; its rules are not carried: remove them before the dump
 * needs: root
 */
#define _GNU_SOURCE
#include <netinet/in.h>
/* Before the kernel's headers of the same. */
#include <linux/if.h>
#include <linux/netfilter_bridge/ebtables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netns.h"

static struct ebt_replace table = { .name = "filter" };

static int look(int option)
{
	socklen_t size = sizeof table + (option == EBT_SO_GET_ENTRIES ? table.entries_size : 0);
	int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
	int r = getsockopt(fd, IPPROTO_IP, option, &table, &size);

	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	new_netns();
	if (look(EBT_SO_GET_INFO))
		skip("this kernel has no older ebtables: %s", strerror(errno));
	table.entries = calloc(1, table.entries_size);
	must(look(EBT_SO_GET_ENTRIES));
	struct ebt_entries *chain = (void *)table.entries;
	chain->policy = EBT_DROP;
	for (unsigned i = 0, n = 0; i < NF_BR_NUMHOOKS; i++)
		if (table.valid_hooks & (1u << i))
			table.hook_entry[i] = (void *)(table.entries + sizeof *chain * n++);
	int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
	must(setsockopt(fd, IPPROTO_IP, EBT_SO_SET_ENTRIES, &table, sizeof table + table.entries_size));
	close(fd);

	test_daemon();
	test_waitsig();

	chain->policy = 0;
	must(look(EBT_SO_GET_ENTRIES));
	expect_eq(chain->policy, EBT_DROP);
	pass();
	return 0;
}
