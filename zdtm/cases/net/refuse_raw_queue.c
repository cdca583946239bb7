/* zdtm:
 * title: a packet that waits in a raw socket is refused by name, and can be read afterwards
 * refuse: --allow-lossy raw-queue
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(socket(AF_INET, SOCK_RAW, 200));
  struct at at = loopback_at(AF_INET, 0);
  char packet[100];
  must(sendto(fd, "waiting", 7, 0, sa(&at), at.size));

  test_daemon();
  test_waitsig();

  expect_eq(must(recv(fd, packet, sizeof(packet), MSG_DONTWAIT)), 27);
  expect(memcmp(packet + 20, "waiting", 7) == 0);
  pass();
}
