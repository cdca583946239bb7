/* zdtm:
 * title: a file in /dev/shm, mapped shared by two processes, removed by its name in between
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kPages = 8 };

static void child_check(void* arg) {
  expect(!check_pattern(arg, kPages * PAGE_BYTES, 2));
  fill_pattern(arg, kPages * PAGE_BYTES, 3);
}

int main(int argc, char** argv) {
  char name[64];
  test_init(argc, argv);
  snprintf(name, sizeof(name), "/dev/shm/zdtm-shm-tmpfs-file-%d", getpid());
  int fd = make_file(name, kPages * PAGE_BYTES, 1);
  char* mem = map_file(fd, kPages * PAGE_BYTES, MAP_SHARED, 0);
  close(fd);
  pid_t pid = waiting_child_start(NULL, child_check, mem);
  must(unlink(name));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, kPages * PAGE_BYTES, 1));
  fill_pattern(mem, kPages * PAGE_BYTES, 2);
  waiting_child_finish(pid);
  expect(!check_pattern(mem, kPages * PAGE_BYTES, 3));
  pass();
}
