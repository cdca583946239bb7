/* zdtm:
 * title: socketpairs between a parent and two children, and between siblings, with data in flight
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"
#include "waiting_child.h"

static int with_parent[2][2], siblings[2];

static void keep_own(void* arg) {
  long i = (long)arg;
  close(with_parent[i][0]);
  close(with_parent[!i][0]);
  close(with_parent[!i][1]);
  close(siblings[!i]);
  write_text(siblings[i], i ? "from one" : "from zero");
  write_text(with_parent[i][1], "child to parent");
}

static void check(void* arg) {
  long i = (long)arg;
  char byte;
  expect_message(siblings[i], i ? "from zero" : "from one");
  expect_read(with_parent[i][1], "parent to child, later");
  close(siblings[i]);
  expect_eq(recv(with_parent[i][1], &byte, 1, MSG_DONTWAIT), -1);
}

int main(int argc, char** argv) {
  pid_t pid[2];
  char byte;
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) must(socketpair(AF_UNIX, SOCK_STREAM, 0, with_parent[i]));
  must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, siblings));
  for (long i = 0; i < 2; i++) pid[i] = waiting_child_start(keep_own, check, (void*)i);
  close(siblings[0]);
  close(siblings[1]);
  for (int i = 0; i < 2; i++) {
    close(with_parent[i][1]);
    write_text(with_parent[i][0], "parent to child");
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    write_text(with_parent[i][0], ", later");
    waiting_child_finish(pid[i]);
    expect_read(with_parent[i][0], "child to parent");
    expect_eq(read(with_parent[i][0], &byte, 1), 0);
  }
  pass();
}
