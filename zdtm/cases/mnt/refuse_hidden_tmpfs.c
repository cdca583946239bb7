/* zdtm:
 * title: a tmpfs of a user namespace that another mount hides is refused
 * refuse: unmount what hides a tmpfs before the dump
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"
#include "users.h"

int main(int argc, char** argv) {
  char path[256];
  test_init(argc, argv);
  if (strstr(users_look().uid_map, "4294967295")) skip("it is carried where there is no user namespace");
  own_mounts();
  const char* at = place("hidden");
  must(mount("low", at, "tmpfs", 0, NULL));
  snprintf(path, sizeof path, "%s/file", at);
  put_text(path, "below");
  must(mount("high", at, "tmpfs", 0, NULL));
  char* before = mounts_seen();

  test_daemon();
  test_waitsig();

  expect_mounts(before);
  must(umount(at));
  expect_text(path, "below");
  pass();
}
