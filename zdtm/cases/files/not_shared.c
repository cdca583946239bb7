/* zdtm:
 * title: descriptions of one file opened separately, with equal position and flags, don't become one
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static int own, inherited;

static void child_opens(void* arg) {
  (void)arg;
  own = must(open("file", O_RDONLY));
}
static void child_reads(void* arg) {
  (void)arg;
  char five[5];
  expect_eq(read(own, five, 5), 5);
  expect_eq(lseek(inherited, 0, SEEK_CUR), 0);
}

int main(int argc, char** argv) {
  int fd[4];
  test_init(argc, argv);
  close(make_file("file", 100, 1));
  for (int i = 0; i < 4; i++) fd[i] = must(open("file", O_RDONLY));
  inherited = fd[0];
  pid_t pid = waiting_child_start(child_opens, child_reads, NULL);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 4; i++)
    for (int j = 0; j < i; j++) expect(!same_description(getpid(), fd[i], getpid(), fd[j]));
  must(lseek(fd[1], 50, SEEK_SET));
  expect_eq(lseek(fd[2], 0, SEEK_CUR), 0);
  waiting_child_finish(pid);
  expect_eq(lseek(fd[0], 0, SEEK_CUR), 0);
  pass();
}
