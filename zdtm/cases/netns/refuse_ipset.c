/* zdtm:
 * title: a set of ipset that no rule names
 * refuse: set gate of ipset; sets are not carried: remove it before the dump (ipset destroy)
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netns.h"

static char message[512];
static struct nlmsghdr *const head = (void *)message;

static void put(int type, const void *data, size_t size)
{
	struct nlattr *a = (void *)(message + head->nlmsg_len);

	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + size);
	memcpy(a + 1, data, size);
	head->nlmsg_len += NLA_ALIGN(a->nla_len);
}

static void make_set(void)
{
	const uint8_t protocol = IPSET_PROTOCOL_MIN, revision = 0, family = AF_INET;
	struct nfgenmsg *g = NLMSG_DATA(head);
	char answer[1024];

	head->nlmsg_len = NLMSG_LENGTH(sizeof *g);
	head->nlmsg_type = NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_CREATE;
	head->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	g->nfgen_family = AF_INET;
	put(IPSET_ATTR_PROTOCOL, &protocol, 1);
	put(IPSET_ATTR_SETNAME, "gate", 5);
	put(IPSET_ATTR_TYPENAME, "hash:ip", 8);
	put(IPSET_ATTR_REVISION, &revision, 1);
	put(IPSET_ATTR_FAMILY, &family, 1);
	put(IPSET_ATTR_DATA | NLA_F_NESTED, NULL, 0);
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	must(send(fd, message, head->nlmsg_len, 0));
	must(recv(fd, answer, sizeof answer, 0));
	const struct nlmsgerr *e = NLMSG_DATA((struct nlmsghdr *)answer);
	if (e->error)
		skip("no ipset here: %s", strerror(-e->error));
	close(fd);
}

static int has_set(void)
{
	struct ip_set_req_get_set ask = { .op = IP_SET_OP_GET_BYNAME, .version = IPSET_PROTOCOL_MIN, .set.name = "gate" };
	socklen_t size = sizeof ask;
	int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));

	must(getsockopt(fd, SOL_IP, SO_IP_SET, &ask, &size));
	close(fd);
	return ask.set.index != IPSET_INVALID_ID;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	new_netns();
	make_set();
	expect(has_set());
	test_daemon();
	test_waitsig();
	expect(has_set());
	pass();
	return 0;
}
