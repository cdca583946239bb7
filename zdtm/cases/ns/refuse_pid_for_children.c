/* zdtm:
 * title: a thread whose children would be born in another pid namespace than those of the other threads is refused
 * refuse: one of its threads has another pid namespace for its children
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "nested.h"

static volatile int state;

static void* prepare(void* arg) {
  (void)arg;
  must(unshare(CLONE_NEWPID));
  state = 1;
  while (state == 1) usleep(1000);
  pid_t pid = fork_with(0);
  if (!pid) _exit(getpid() == 1 ? 4 : 1);
  expect_eq(expect_exit(pid, 4), 0);
  return NULL;
}

int main(int argc, char** argv) {
  pthread_t t;
  test_init(argc, argv);
  expect_eq(pthread_create(&t, NULL, prepare, NULL), 0);
  while (!state) usleep(1000);

  test_daemon();
  test_waitsig();

  state = 2;
  expect_eq(pthread_join(t, NULL), 0);
  pass();
  return 0;
}
