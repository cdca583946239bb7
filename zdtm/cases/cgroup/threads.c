/* zdtm:
 * title: a thread in another group than its process, of version 1
 * needs: root
 * dump: --manage-cgroups
 * restore: --manage-cgroups
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>

#include "cgroups.h"

static int tid;
static zdtm_event_t ready, check_now;

static void* run(void* group) {
  tid = syscall(SYS_gettid);
  put_setting(group, "tasks", "0");
  event_set(&ready, 1);
  event_wait(&check_now, 1);
  return NULL;
}

int main(int argc, char** argv) {
  pthread_t t;
  test_init(argc, argv);
  char* group = strdup(group_path("cpu", "zdtm_threads"));
  make_group(group);
  event_init(&ready);
  event_init(&check_now);
  expect_eq(pthread_create(&t, NULL, run, group), 0);
  event_wait(&ready, 1);

  test_daemon();
  test_waitsig();

  expect(is_in_group(tid, "cpu:/zdtm_threads"));
  expect(!is_in_group(getpid(), "cpu:/zdtm_threads"));
  event_set(&check_now, 1);
  pthread_join(t, NULL);
  for (int i = 0; rmdir(group) && i < 100; i++) usleep(10000);
  pass();
}
