/* zdtm:
 * title: a listening MPTCP socket accepts clients of TCP and of MPTCP
 */
#define _GNU_SOURCE
#include "check.h"
#include "refused_socket.h"

enum { kMptcp = 262 };

static void serve(int listener, struct sockaddr_in* at, int protocol) {
  char text[8] = "";
  int client = must(socket(AF_INET, SOCK_STREAM, protocol));
  must(connect(client, (struct sockaddr*)at, sizeof(*at)));
  int server = must(accept(listener, NULL, NULL));
  must(send(client, "hello", 5, 0));
  expect_eq(recv(server, text, sizeof(text), 0), 5);
  close(client);
  close(server);
}

int main(int argc, char** argv) {
  struct sockaddr_in at = loopback(0), now;
  socklen_t size = sizeof(at);
  int protocol = 0, listening = 0;
  test_init(argc, argv);
  int fd = socket(AF_INET, SOCK_STREAM, kMptcp);
  if (fd < 0) skip("no MPTCP here: %s", strerror(errno));
  must(bind(fd, (struct sockaddr*)&at, sizeof(at)));
  must(getsockname(fd, (struct sockaddr*)&at, &size));
  must(listen(fd, 17));

  test_daemon();
  test_waitsig();

  size = sizeof(now);
  must(getsockname(fd, (struct sockaddr*)&now, &size));
  expect_eq(now.sin_port, at.sin_port);
  size = sizeof(int);
  must(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size));
  expect_eq(protocol, kMptcp);
  must(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size));
  expect_eq(listening, 1);
  serve(fd, &at, kMptcp);
  serve(fd, &at, IPPROTO_TCP);
  pass();
}
