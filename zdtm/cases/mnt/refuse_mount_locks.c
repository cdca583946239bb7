/* zdtm:
 * title: a mount of the outside that a user namespace must not change is refused, since the lock on its flags would be lost
 * dump: --external mnt[/srv]:outside
 * refuse: --allow-lossy mount-locks
 * needs: root
 */
#define _GNU_SOURCE
#include "mounts.h"
#include "users.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (strstr(users_look().uid_map, "4294967295")) skip("only a user namespace has such locks");
  own_mounts();
  must(mount("/etc", "/srv", NULL, MS_BIND, NULL));
  must(mount(NULL, "/srv", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
  char* before = mounts_seen();

  test_daemon();
  test_waitsig();

  expect_mounts(before);
  pass();
}
