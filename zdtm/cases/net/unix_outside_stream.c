/* zdtm:
 * title: with --ext-unix-sk a connection to the outside ends: both see its end, the server outside goes on
 * dump: --ext-unix-sk
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  char name[64], ends[64];
  const char* directory = unix_own_directory();
  snprintf(name, sizeof(name), "%s/server", directory);
  snprintf(ends, sizeof(ends), "%s/ends", directory);
  int listener = unix_listening(SOCK_STREAM, name, 3);
  if (must(fork()) == 0) unix_serve_echo(listener, ends);
  close(listener);
  test_init(argc, argv);
  int fd = unix_connected(SOCK_STREAM, name);
  write_text(fd, "echo");
  struct pollfd p = {fd, POLLIN, 0};
  expect_eq(poll(&p, 1, 5000), 1);
  struct unix_view view = unix_view(fd);

  test_daemon();
  test_waitsig();

  struct unix_view after = unix_view(fd);
  expect(same_name(view.peer, after.peer));
  expect_read(fd, "echo");
  int log = open(ends, O_RDONLY);
  if (log >= 0) { /* not without a dump */
    char ended[8] = "";
    expect_eq(read(log, ended, sizeof(ended)), 1);
    expect_eq(ended[0], '0');
    expect_closed(fd);
    expect_errno(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
  }
  close(fd);
  fd = unix_connected(SOCK_STREAM, name);
  write_text(fd, "again");
  expect_eq(poll(&p, 1, 5000), 1);
  expect_read(fd, "again");
  unlink(ends);
  unlink(name);
  rmdir(directory); /* not when the server tells of the last end just now */
  pass();
}
