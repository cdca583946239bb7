/* zdtm:
 * title: datagrams that wait in one of several sockets on a port are refused, since they could end up in another
 * refuse: --allow-lossy udp-queue
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct at at = loopback_at(AF_INET, 0);
  int fd = must(socket(AF_INET, SOCK_DGRAM, 0)), from = bound(AF_INET, SOCK_DGRAM, 0);
  set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  must(bind(fd, sa(&at), at.size));
  at = own_address(fd);
  must(sendto(from, "waiting", 7, 0, sa(&at), at.size));

  test_daemon();
  test_waitsig();

  expect_read(fd, "waiting");
  pass();
}
