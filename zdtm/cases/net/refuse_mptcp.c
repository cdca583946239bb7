/* zdtm:
 * title: an MPTCP connection is refused by name and goes on
 * refuse: MPTCP connection
 */
#define _GNU_SOURCE
#include "check.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct sockaddr_in at = loopback(0);
  socklen_t size = sizeof(at);
  char text[8] = "";
  test_init(argc, argv);
  int listener = socket(AF_INET, SOCK_STREAM, 262);
  if (listener < 0) skip("no MPTCP here: %s", strerror(errno));
  must(bind(listener, (struct sockaddr*)&at, sizeof(at)));
  must(getsockname(listener, (struct sockaddr*)&at, &size));
  must(listen(listener, 1));
  int client = must(socket(AF_INET, SOCK_STREAM, 262));
  must(connect(client, (struct sockaddr*)&at, sizeof(at)));
  int server = must(accept(listener, NULL, NULL));

  test_daemon();
  test_waitsig();

  must(send(client, "hello", 5, 0));
  expect_eq(recv(server, text, sizeof(text), 0), 5);
  pass();
}
