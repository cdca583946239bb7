/* zdtm:
 * title: a ring whose only thread has ended is refused by name
 * refuse: the thread that it belongs to (IORING_SETUP_SINGLE_ISSUER) has ended
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "descriptors.h"
#include "uring.h"

static struct uring ring;
static int made;

static void* make(void* unused) {
  made = uring_make(&ring, 4, kUringSingleIssuer, 0);
  return unused;
}

int main(int argc, char** argv) {
  pthread_t thread;
  test_init(argc, argv);
  must(pthread_create(&thread, NULL, make, NULL));
  must(pthread_join(thread, NULL));
  if (!made) skip("no such io_uring here");

  test_daemon();
  test_waitsig();

  uring_queue(&ring, IORING_OP_NOP, 1);
  expect_eq(uring_submit(&ring, 1, 0), -1);
  pass();
}
