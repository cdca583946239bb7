/* zdtm:
 * title: data under UDP_CORK is refused; it is sent afterwards
 * refuse: corked
 * network: own
 */
#define _GNU_SOURCE
#include <linux/udp.h>

#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int to = bound(AF_INET, SOCK_DGRAM, 0), fd = must(socket(AF_INET, SOCK_DGRAM, 0));
  struct at at = own_address(to);
  must(connect(fd, sa(&at), at.size));
  set_option(fd, IPPROTO_UDP, UDP_CORK, 1);
  write_text(fd, "first, ");

  test_daemon();
  test_waitsig();

  write_text(fd, "second");
  set_option(fd, IPPROTO_UDP, UDP_CORK, 0);
  expect_read(to, "first, second");
  pass();
}
