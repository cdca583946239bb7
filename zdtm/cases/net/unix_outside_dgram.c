/* zdtm:
 * title: with --ext-unix-sk a datagram socket is connected to the same name outside again
 * dump: --ext-unix-sk
 * restore: --ext-unix-sk
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

/* Sends everything back to where it came from. */
static void serve(int fd) {
  for (;;) {
    char data[64];
    struct unix_at from = {.size = sizeof(from.address)};
    ssize_t n = must(recvfrom(fd, data, sizeof(data), 0, (struct sockaddr*)&from.address, &from.size));
    must(sendto(fd, data, n, 0, (struct sockaddr*)&from.address, from.size));
  }
}

static void expect_echo(int fd, const char* name, const char* text) {
  struct pollfd p = {fd, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);
  expect_from(fd, name, text);
}

int main(int argc, char** argv) {
  char path[64], own[64];
  const char* directory = unix_own_directory();
  const char* const names[] = {"@zdtm outside dgram", path};
  snprintf(path, sizeof(path), "%s/server", directory);
  snprintf(own, sizeof(own), "%s/own", directory);
  int fds[2];
  struct unix_view views[2];
  for (int i = 0; i < 2; i++) {
    int server = unix_bound(SOCK_DGRAM, names[i]);
    if (must(fork()) == 0) serve(server);
    close(server);
  }
  test_init(argc, argv);
  fds[0] = unix_bound(SOCK_DGRAM, own);
  fds[1] = unix_bound(SOCK_DGRAM, "@zdtm own name");
  for (int i = 0; i < 2; i++) {
    must(unix_connect(fds[i], names[i]));
    if (i == 0) { /* what comes from an abstract name can wait in a socket with a path alone */
      write_text(fds[i], "early");
      struct pollfd p = {fds[i], POLLIN, 0};
      expect_eq(poll(&p, 1, 5000), 1);
    }
    views[i] = unix_view(fds[i]);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    expect_view(fds[i], views[i]);
    if (i == 0) expect_from(fds[i], names[i], "early");
    write_text(fds[i], "late");
  }
  for (int i = 0; i < 2; i++) expect_echo(fds[i], names[i], "late");
  unlink(names[1]);
  unlink(own);
  rmdir(directory);
  pass();
}
