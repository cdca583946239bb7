/* zdtm:
 * title: memory of an owner that the user namespace of its holder does not know, in a pid namespace of that, is refused
 * refuse: is not in the id maps of the user namespace of pid
 * needs: root
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "nested.h"
#include "users.h"

static struct node init;
static int memory;

static void check(void) {
  struct stat st;
  must(fstat(memory, &st));
  expect_eq(st.st_uid, kNobody);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  memory = must(memfd_create("foreign", 0));
  must(fchown(memory, 7, 7));
  node_start(&init, CLONE_NEWUSER | CLONE_NEWPID, NULL, check);
  users_map(init.pid, "0 0 1\n", "0 0 1\n", 1);
  close(memory);

  test_daemon();
  test_waitsig();

  node_finish(&init);
  pass();
}
