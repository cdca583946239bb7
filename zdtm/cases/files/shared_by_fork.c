/* zdtm:
 * title: one description shared by eight processes of three generations: the position moves for all of them
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

enum { kChildren = 6 };
static int fd;

static void read_two(void* arg) {
  (void)arg;
  char two[2];
  expect_eq(read(fd, two, 2), 2);
}

static pid_t grandchild;
static void start_grandchild(void* arg) {
  (void)arg;
  fd = must(dup2(fd, 90)); /* under another number there */
  grandchild = waiting_child_start(NULL, read_two, NULL);
}
static void finish_grandchild(void* arg) {
  read_two(arg);
  waiting_child_finish(grandchild);
}

int main(int argc, char** argv) {
  pid_t pid[kChildren];
  test_init(argc, argv);
  fd = make_file("file", 100, 1);
  must(lseek(fd, 10, SEEK_SET));
  for (int i = 0; i < kChildren; i++)
    pid[i] = i == 3 ? waiting_child_start(start_grandchild, finish_grandchild, NULL)
                    : waiting_child_start(NULL, read_two, NULL);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kChildren; i++) waiting_child_finish(pid[i]);
  expect_eq(lseek(fd, 0, SEEK_CUR), 10 + 2 * (kChildren + 1));
  pass();
}
