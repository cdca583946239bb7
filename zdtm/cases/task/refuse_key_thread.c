/* zdtm:
 * title: a key in the keyring of one thread of several is refused, with the thread
 * refuse: it has another thread keyring than its process
 */
#define _GNU_SOURCE
#include "keys.h"
#include "threads.h"

static void setup(int i) {
  (void)i;
  must(add_key("user", "zdtm:key", "secret", THREAD_RING));
}

static void check(int i) {
  (void)i;
  if (keyctl(10, THREAD_RING, (long)"user", (long)"zdtm:key", 0) < 0) fail("the key is gone: %s", strerror(errno));
}

int main(int argc, char** argv) {
  struct threads threads = {.count = 1, .setup = setup, .check = check};
  test_init(argc, argv);
  keys_needed();
  threads_start(&threads);
  test_daemon();
  test_waitsig();
  threads_finish(&threads);
  pass();
}
