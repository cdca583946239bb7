/* zdtm:
 * title: a lease of an IPv6 flow label is refused by name, and lasts
 * refuse: flow label abcde
 * network: own
 */
#define _GNU_SOURCE
#include <stdint.h>

#include "inet.h"

/* struct in6_flowlabel_req of linux/in6.h, which is at odds with netinet/in.h */
struct label_request {
  struct in6_addr to;
  uint32_t label;
  uint8_t action, share;
  uint16_t flags, expires, linger;
  uint32_t pad;
};
enum { kManager = 32, kGet = 0, kPut = 1, kShareAny = 255, kCreate = 1 };

int main(int argc, char** argv) {
  struct label_request get = {.to = in6addr_loopback, .label = htonl(0xabcde), .action = kGet, .share = kShareAny, .flags = kCreate, .expires = 100, .linger = 100};
  test_init(argc, argv);
  int other = must(socket(AF_INET6, SOCK_DGRAM, 0)), fd = must(socket(AF_INET6, SOCK_DGRAM, 0));
  must(setsockopt(fd, IPPROTO_IPV6, kManager, &get, sizeof(get)));

  test_daemon();
  test_waitsig();

  struct label_request put = {.label = get.label, .action = kPut};
  expect_errno(setsockopt(other, IPPROTO_IPV6, kManager, &put, sizeof(put)), ESRCH);
  must(setsockopt(fd, IPPROTO_IPV6, kManager, &put, sizeof(put)));
  pass();
}
