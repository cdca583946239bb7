/* zdtm:
 * title: a policy of arptables that drops
 * refuse: table filter of the older iptables (arp_tables_names); rules of arptables are not carried
 * needs: root
 */
#define _GNU_SOURCE
#include <netinet/in.h>
/* Before the kernel's headers of the same. */
#include <linux/netfilter_arp/arp_tables.h>
#include <stddef.h>
#include <sys/socket.h>

#include "netns.h"

static int* verdict(struct arpt_entry* e) {
  return &((struct xt_standard_target*)((char*)e + e->target_offset))->verdict;
}

int main(int argc, char** argv) {
  struct arpt_getinfo info = {.name = "filter"};
  socklen_t size = sizeof info;

  test_init(argc, argv);
  new_netns();
  int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
  if (getsockopt(fd, IPPROTO_IP, ARPT_SO_GET_INFO, &info, &size)) skip("this kernel has no arptables");
  size = (socklen_t)(sizeof(struct arpt_get_entries) + info.size);
  struct arpt_get_entries* now = calloc(1, size);
  strcpy(now->name, "filter");
  now->size = info.size;
  must(getsockopt(fd, IPPROTO_IP, ARPT_SO_GET_ENTRIES, now, &size));
  struct arpt_replace* r = calloc(1, sizeof *r + info.size);
  strcpy(r->name, "filter");
  r->valid_hooks = info.valid_hooks;
  r->num_entries = r->num_counters = info.num_entries;
  r->size = info.size;
  memcpy(r->hook_entry, info.hook_entry, sizeof r->hook_entry);
  memcpy(r->underflow, info.underflow, sizeof r->underflow);
  r->counters = calloc(info.num_entries, sizeof *r->counters);
  memcpy(r->entries, now->entrytable, info.size);
  *verdict(r->entries) = -NF_DROP - 1;
  must(setsockopt(fd, IPPROTO_IP, ARPT_SO_SET_REPLACE, r, (socklen_t)(sizeof *r + info.size)));
  close(fd);

  test_daemon();
  test_waitsig();

  fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
  must(getsockopt(fd, IPPROTO_IP, ARPT_SO_GET_ENTRIES, now, &size));
  expect_eq(*verdict(now->entrytable), -NF_DROP - 1);
  pass();
}
