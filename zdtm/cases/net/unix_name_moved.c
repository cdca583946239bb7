/* zdtm:
 * title: sockets whose file was removed, renamed, replaced by another socket's or by a plain file
 * network: own
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  char path[128], cwd[80];
  struct unix_view views[6];
  test_init(argc, argv);
  if (!getcwd(cwd, sizeof(cwd))) skip("the directory's name is too long here");
  snprintf(path, sizeof(path), "%s/absolute", cwd);
  int removed = unix_listening(SOCK_STREAM, "removed", 3), renamed = unix_listening(SOCK_STREAM, "old", 3);
  int replaced = unix_listening(SOCK_STREAM, "place", 3), under = unix_listening(SOCK_STREAM, "under", 3);
  int absolute = unix_listening(SOCK_STREAM, path, 3);
  int client = unix_connected(SOCK_STREAM, "removed"), server = must(accept(removed, NULL, NULL));
  must(unlink("removed"));
  must(rename("old", "new"));
  must(unlink("place"));
  int second = unix_listening(SOCK_STREAM, "place", 3);
  must(unlink("under"));
  close(make_file("under", 100, 5));
  must(rename(path, "absolute moved"));
  int all[] = {removed, renamed, replaced, under, absolute, second};
  for (int i = 0; i < 6; i++) views[i] = unix_view(all[i]);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 6; i++) expect_view(all[i], views[i]);
  expect_errno(access("removed", F_OK), ENOENT);
  expect_errno(access("old", F_OK), ENOENT);
  expect_errno(access(path, F_OK), ENOENT);
  expect_accepts(renamed, SOCK_STREAM, "new");
  expect_accepts(second, SOCK_STREAM, "place");
  expect_accepts(absolute, SOCK_STREAM, "absolute moved");
  expect_both_ways(client, server);
  int plain = must(open("under", O_RDONLY));
  expect_file(plain, 100, 5);
  pass();
}
