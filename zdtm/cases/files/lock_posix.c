/* zdtm:
 * title: a POSIX record lock is still held
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

int main(int argc, char** argv) {
  int status;
  test_init(argc, argv);
  int fd = move_fd(make_file("file", 100, 1), 77);
  must(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20}));

  test_daemon();
  test_waitsig();

  pid_t me = getpid(), pid = must(fork());
  if (pid == 0) { /* locks are asked about from another process: one's own never are in the way */
    struct flock ask = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100};
    int asked = fcntl(fd, F_GETLK, &ask);
    _exit(asked == 0 && ask.l_type == F_WRLCK && ask.l_pid == me && ask.l_start == 10 && ask.l_len == 20 ? 0 : 1);
  }
  must(waitpid(pid, &status, 0));
  expect_eq(status, 0);
  pass();
}
