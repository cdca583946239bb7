/* zdtm:
 * title: a listening TCP socket is refused by name; it goes on listening
 * refuse: TCP
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct sockaddr_in at;
  test_init(argc, argv);
  int sock = move_fd(bound_socket(SOCK_STREAM, &at), kRefusedFd);
  must(listen(sock, 5));

  test_daemon();
  test_waitsig();

  int client = must(socket(AF_INET, SOCK_STREAM, 0));
  must(connect(client, (struct sockaddr*)&at, sizeof(at)));
  int served = must(accept(sock, NULL, NULL));
  write_text(client, "hello");
  expect_read(served, "hello");
  pass();
}
