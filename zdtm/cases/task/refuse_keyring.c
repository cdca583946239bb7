/* zdtm:
 * title: a process with keys in its process keyring is refused; they are still there
 * refuse: its process keyring has keys (user;
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "check.h"

int main(int argc, char** argv) {
  char got[16] = "";
  test_init(argc, argv);
  long key = syscall(SYS_add_key, "user", "zdtm:key", "secret", 6, -2 /* process keyring */);
  if (key < 0) skip("no keys here: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  expect_eq(syscall(SYS_keyctl, 11 /* KEYCTL_READ */, key, got, sizeof(got)), 6);
  expect(!memcmp(got, "secret", 6));
  pass();
}
