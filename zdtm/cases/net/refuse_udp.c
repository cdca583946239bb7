/* zdtm:
 * title: a UDP socket is refused by name; datagrams in its queue are still there
 * refuse: UDP
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct sockaddr_in at;
  test_init(argc, argv);
  int sock = move_fd(bound_socket(SOCK_DGRAM, &at), kRefusedFd);
  must(sendto(sock, "queued", 6, 0, (struct sockaddr*)&at, sizeof(at)));

  test_daemon();
  test_waitsig();

  expect_message(sock, "queued");
  must(sendto(sock, "new", 3, 0, (struct sockaddr*)&at, sizeof(at)));
  expect_message(sock, "new");
  pass();
}
