/* zdtm:
 * title: open namespaces of the process
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/stat.h>

#include "check.h"
#include "descriptors.h"

static const char* kNames[] = {"net", "ipc", "uts", "mnt", "user", "pid", "cgroup", "time"};

int main(int argc, char** argv) {
  char path[64];
  struct stat open_one, own;
  int fds[8];
  test_init(argc, argv);
  for (int i = 0; i < 8; ++i) {
    snprintf(path, sizeof(path), "/proc/self/ns/%s", kNames[i]);
    fds[i] = open(path, O_RDONLY);
  }
  test_daemon();
  test_waitsig();
  for (int i = 0; i < 8; ++i) {
    snprintf(path, sizeof(path), "/proc/self/ns/%s", kNames[i]);
    if (fds[i] < 0) continue;
    must(fstat(fds[i], &open_one));
    must(stat(path, &own));
    expect_eq(open_one.st_ino, own.st_ino);
  }
  pass();
}
