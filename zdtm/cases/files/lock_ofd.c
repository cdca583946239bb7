/* zdtm:
 * title: an open-file-description lock is still held
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = move_fd(make_file("file", 100, 1), 77);
  must(fcntl(fd, F_OFD_SETLK, &(struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 0}));

  test_daemon();
  test_waitsig();

  struct flock ask = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int other = must(open("file", O_RDWR));
  must(fcntl(other, F_OFD_GETLK, &ask));
  expect(ask.l_type == F_RDLCK && ask.l_start == 5 && ask.l_len == 0 && ask.l_pid == -1);
  pass();
}
