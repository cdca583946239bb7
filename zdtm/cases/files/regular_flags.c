/* zdtm:
 * title: status flags of regular files: those of open() and those of fcntl(F_SETFL)
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

static const int kFlags[] = {
    0, O_NONBLOCK, O_SYNC, O_DSYNC, O_NOATIME, O_DIRECT, O_NOFOLLOW, O_APPEND | O_NONBLOCK | O_NOATIME,
};
enum { kCount = sizeof(kFlags) / sizeof(kFlags[0]) };

int main(int argc, char** argv) {
  int fd[kCount], set[kCount];
  test_init(argc, argv);
  close(make_file("file", 4096, 1));
  for (int i = 0; i < kCount; i++) {
    fd[i] = open("file", O_RDWR | kFlags[i]); /* a tmpfs may refuse O_DIRECT */
    set[i] = fd[i] < 0 ? 0 : must(fcntl(fd[i], F_GETFL));
  }
  int later = must(open("file", O_RDWR));
  must(fcntl(later, F_SETFL, O_NONBLOCK | O_NOATIME));
  int later_set = must(fcntl(later, F_GETFL));
  /* O_CREAT, O_EXCL and O_TRUNC act once, at open: acting again would destroy the file. */
  int created = must(open("created", O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0644));
  write_text(created, "content");

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++)
    if (fd[i] >= 0) expect_eq(must(fcntl(fd[i], F_GETFL)), set[i]);
  expect_eq(fcntl(later, F_GETFL), later_set);
  expect_eq(lseek(created, 0, SEEK_CUR), 7);
  must(lseek(created, 0, SEEK_SET));
  expect_read(created, "content");
  expect_file(fd[0], 4096, 1);
  pass();
}
