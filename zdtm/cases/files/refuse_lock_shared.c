/* zdtm:
 * title: a flock() lock that a process outside of the tree shares is refused, naming that process; it is still held
 * refuse: outside of the tree shares it
 * outside: the other holder would be in the tree
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int report[2];
  pid_t outside = 0;
  test_init(argc, argv);
  int fd = move_fd(make_file("file", 100, 1), 77);
  must(flock(fd, LOCK_EX));
  must(pipe(report));
  pid_t middle = must(fork());
  if (middle == 0) { /* its child is nobody's in the tree when it has ended */
    pid_t pid = must(fork());
    if (pid == 0) {
      setsid();
      close(report[0]);
      close(report[1]);
      for (;;) pause();
    }
    _exit(write(report[1], &pid, sizeof(pid)) != sizeof(pid));
  }
  must(waitpid(middle, NULL, 0));
  expect_eq(read(report[0], &outside, sizeof(outside)), sizeof(outside));
  close(report[0]);
  close(report[1]);

  test_daemon();
  test_waitsig();

  close(fd);
  int other = must(open("file", O_RDONLY));
  expect_errno(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  must(kill(outside, SIGKILL));
  must(flock(other, LOCK_SH));
  pass();
}
