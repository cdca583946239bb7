/* zdtm:
 * title: /proc/PID/cmdline and environ show the same bytes, and follow changes made in place
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "check.h"

static ssize_t read_all(const char* path, char* to, size_t size) {
  ssize_t n, all = 0;
  int fd = must(open(path, O_RDONLY | O_CLOEXEC));
  while ((n = must(read(fd, to + all, size - all))) > 0) all += n;
  close(fd);
  return all;
}

int main(int argc, char** argv) {
  static char cmdline[65536], environment[65536], now[65536];
  test_init(argc, argv);
  argv[0][0] = 'Z'; /* in place, as daemons do that set their title */
  ssize_t cmdline_len = read_all("/proc/self/cmdline", cmdline, sizeof(cmdline));
  ssize_t environment_len = read_all("/proc/self/environ", environment, sizeof(environment));

  test_daemon();
  test_waitsig();

  expect_eq(read_all("/proc/self/cmdline", now, sizeof(now)), cmdline_len);
  expect(memcmp(now, cmdline, cmdline_len) == 0 && now[0] == 'Z');
  expect_eq(read_all("/proc/self/environ", now, sizeof(now)), environment_len);
  expect(memcmp(now, environment, environment_len) == 0);
  argv[0][1] = 'Y';
  read_all("/proc/self/cmdline", now, sizeof(now));
  expect_eq(now[1], 'Y');
  pass();
}
