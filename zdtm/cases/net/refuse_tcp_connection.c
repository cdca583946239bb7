/* zdtm:
 * title: an established TCP connection is refused by name; its data in flight arrives, and new data too
 * refuse: TCP
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "refused_socket.h"

/* Both ends are in this process; the lower number comes first and is the one named. */
int main(int argc, char** argv) {
  struct sockaddr_in at;
  test_init(argc, argv);
  int listening = bound_socket(SOCK_STREAM, &at);
  must(listen(listening, 1));
  int client = must(socket(AF_INET, SOCK_STREAM, 0));
  must(connect(client, (struct sockaddr*)&at, sizeof(at)));
  int server = must(accept(listening, NULL, NULL));
  close(listening);
  server = move_fd(server, 78);
  client = move_fd(client, kRefusedFd);
  write_text(client, "in flight");

  test_daemon();
  test_waitsig();

  write_text(client, ", and new");
  char got[64];
  size_t n = 0;
  while (n < strlen("in flight, and new")) n += must(read(server, got + n, sizeof(got) - n));
  expect(memcmp(got, "in flight, and new", n) == 0);
  write_text(server, "answer");
  expect_read(client, "answer");
  pass();
}
