/* zdtm:
 * title: a key whose payload the kernel shows to nobody is refused; it is still there
 * refuse: the kernel does not show what a key of type logon holds
 */
#define _GNU_SOURCE
#include "keys.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  keys_needed();
  must(add_key("logon", "zdtm:key", "secret", PROCESS_RING));
  test_daemon();
  test_waitsig();
  expect(keyctl(10, PROCESS_RING, (long)"logon", (long)"zdtm:key", 0) > 0);
  pass();
}
