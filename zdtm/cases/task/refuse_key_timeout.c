/* zdtm:
 * title: a key that ends by itself is refused, since nobody tells when exactly; it is still there
 * refuse: user zdtm:key ends by itself
 */
#define _GNU_SOURCE
#include "keys.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  keys_needed();
  long key = must(add_key("user", "zdtm:key", "secret", PROCESS_RING));
  must(keyctl(15 /* KEYCTL_SET_TIMEOUT */, key, 3600, 0, 0));
  test_daemon();
  test_waitsig();
  expect_eq(keyctl(10, PROCESS_RING, (long)"user", (long)"zdtm:key", 0), key);
  pass();
}
