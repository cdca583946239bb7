/* zdtm:
 * title: descriptors with high numbers, up to the limit, and gaps between them
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "check.h"
#include "descriptors.h"

static const int kNumbers[] = {63, 64, 255, 256, 1000, 1023, 1024, 1500, 4095, 9999};
enum { kCount = sizeof(kNumbers) / sizeof(kNumbers[0]) };

int main(int argc, char** argv) {
  static char open_before[10000];
  struct rlimit limit;
  test_init(argc, argv);
  must(getrlimit(RLIMIT_NOFILE, &limit));
  if (limit.rlim_max < 10000) skip("RLIMIT_NOFILE is %ld only", (long)limit.rlim_max);
  limit.rlim_cur = 10000;
  must(setrlimit(RLIMIT_NOFILE, &limit));
  for (int i = 0; i < kCount; i++) {
    char name[16];
    snprintf(name, sizeof(name), "file%d", i);
    move_fd(make_file(name, 10 + i, i), kNumbers[i]);
  }
  for (int fd = 0; fd < 10000; fd++) open_before[fd] = fcntl(fd, F_GETFD) != -1;

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) expect_file(kNumbers[i], 10 + i, i);
  for (int fd = 0; fd < 10000; fd++) expect_eq(fcntl(fd, F_GETFD) != -1, open_before[fd]);
  expect_errno(dup2(0, 10000), EBADF);
  pass();
}
