/* zdtm:
 * title: /proc/PID/exe is the same file, and it still can't be written (ETXTBSY)
 * rights: root opens its own program for writing
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "check.h"

int main(int argc, char** argv) {
  char before[4096] = "", after[4096] = "";
  struct stat was, is;
  test_init(argc, argv);
  must(readlink("/proc/self/exe", before, sizeof(before) - 1));
  must(stat("/proc/self/exe", &was));

  test_daemon();
  test_waitsig();

  must(readlink("/proc/self/exe", after, sizeof(after) - 1));
  must(stat("/proc/self/exe", &is));
  expect(strcmp(before, after) == 0);
  expect(was.st_ino == is.st_ino && was.st_dev == is.st_dev);
  expect_errno(open("/proc/self/exe", O_WRONLY | O_CLOEXEC), ETXTBSY);
  pass();
}
