/* zdtm:
 * title: with --external unix[]:connect at the restore, a stream to the outside goes on as a new connection to the same name
 * dump: --ext-unix-sk
 * restore: --external unix[]:connect
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
  struct pollfd p = {fd, POLLIN, 0};
  struct unix_view view = unix_view(fd);

  test_daemon();
  test_waitsig();

  struct unix_view after = unix_view(fd);
  expect(same_name(view.peer, after.peer));
  int log = open(ends, O_RDONLY);
  if (log >= 0) { /* not without a dump */
    char ended[8] = "";
    expect(read(log, ended, sizeof(ended)) >= 1);
    expect_eq(ended[0], '0');
  }
  write_text(fd, "again");
  expect_eq(poll(&p, 1, 5000), 1);
  expect_read(fd, "again");
  unlink(ends);
  unlink(name);
  rmdir(directory); /* not when the server tells of the last end just now */
  pass();
}
