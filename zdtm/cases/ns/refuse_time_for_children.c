/* zdtm:
 * title: a process whose children are born in another time namespace than its own is refused
 * refuse: its children are born in another time namespace than its own
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <time.h>

#include "check.h"
#include "child.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

int main(int argc, char** argv) {
  const char offset[] = "boottime 86400 0\n";
  struct timespec now;
  test_init(argc, argv);
  if (unshare(CLONE_NEWTIME)) skip("no time namespaces here: %s", strerror(errno));
  int fd = must(open("/proc/self/timens_offsets", O_WRONLY));
  expect_eq(write(fd, offset, strlen(offset)), strlen(offset));
  close(fd);

  test_daemon();
  test_waitsig();

  pid_t pid = must(fork());
  must(clock_gettime(CLOCK_BOOTTIME, &now));
  if (!pid) _exit(now.tv_sec >= 86400 ? 3 : 1);
  if (!expect_exit(pid, 3)) pass();
  return 0;
}
