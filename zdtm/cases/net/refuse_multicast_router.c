/* zdtm:
 * title: the socket of a multicast router is refused by name, and the router works on
 * refuse: multicast router
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

enum { kInit = 200, kDone = 201 }; /* MRT_INIT, MRT_DONE of linux/mroute.h */

int main(int argc, char** argv) {
  int on = 1;
  test_init(argc, argv);
  int fd = must(socket(AF_INET, SOCK_RAW, IPPROTO_IGMP)), other = must(socket(AF_INET, SOCK_RAW, IPPROTO_IGMP));
  if (setsockopt(fd, IPPROTO_IP, kInit, &on, sizeof(on))) skip("no multicast routing: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  expect_errno(setsockopt(other, IPPROTO_IP, kInit, &on, sizeof(on)), EADDRINUSE);
  must(setsockopt(fd, IPPROTO_IP, kDone, NULL, 0));
  must(setsockopt(other, IPPROTO_IP, kInit, &on, sizeof(on)));
  pass();
}
