/* zdtm:
 * title: a raw IP socket is refused by name and lives on
 * refuse: raw
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int sock = move_fd(must(socket(AF_INET, SOCK_RAW, 253)), kRefusedFd); /* 253: for experiments */
  struct sockaddr_in at = loopback(0);
  char packet[256];

  test_daemon();
  test_waitsig();

  must(sendto(sock, "raw", 3, 0, (struct sockaddr*)&at, sizeof(at)));
  ssize_t n = must(recv(sock, packet, sizeof(packet), MSG_DONTWAIT));
  expect(n == 20 + 3 && memcmp(packet + 20, "raw", 3) == 0);
  pass();
}
