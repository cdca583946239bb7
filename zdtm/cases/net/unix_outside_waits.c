/* zdtm:
 * title: with --ext-unix-sk a client outside that waits to be accepted is left out and sees the end; one inside stays
 * dump: --ext-unix-sk
 * network: own
 * outside: the peer would be in the tree
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  int go[2];
  char byte;
  must(pipe(go));
  pid_t client = must(fork());
  if (client == 0) {
    close(go[1]);
    if (read(go[0], &byte, 1) != 1) _exit(1);
    int fd = unix_connected(SOCK_STREAM, "@zdtm outside waits");
    must(write(fd, "x", 1));
    _exit(read(fd, &byte, 1) > 0);
  }
  close(go[0]);
  test_init(argc, argv);
  int listener = unix_listening(SOCK_STREAM, "@zdtm outside waits", 5);
  must(write(go[1], "x", 1));
  close(go[1]);
  struct pollfd p = {listener, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);
  int inside = unix_connected(SOCK_STREAM, "@zdtm outside waits");

  test_daemon();
  test_waitsig();

  int server = must(accept(listener, NULL, NULL));
  struct unix_view view = unix_view(server);
  if (view.cred.pid != getpid()) server = must(accept(listener, NULL, NULL)); /* without a dump */
  expect_both_ways(inside, server);
  must(fcntl(listener, F_SETFL, O_NONBLOCK));
  expect_errno(accept(listener, NULL, NULL), EAGAIN);
  pass();
}
