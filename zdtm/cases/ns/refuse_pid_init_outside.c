/* zdtm:
 * title: a task in a pid namespace whose first process is not in the tree is refused
 * refuse: the first process of its pid namespace is outside of the tree
 * outside: there the orphan comes to an init that is in the tree
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include "nested.h"

static struct node joined;

int main(int argc, char** argv) {
  test_init(argc, argv);
  volatile pid_t* init = shared_memory(4096);
  pid_t middle = fork_with(0);
  if (!middle) {
    must(unshare(CLONE_NEWPID));
    pid_t pid = fork_with(0);
    if (!pid)
      for (;;) pause();
    *init = pid;
    _exit(0);
  }
  expect_eq(expect_exit(middle, 0), 0);
  turn_children_to(*init);
  node_start(&joined, 0, NULL, NULL);
  turn_children_to(0);

  test_daemon();
  test_waitsig();

  node_finish(&joined);
  must(kill(*init, SIGKILL));
  pass();
  return 0;
}
