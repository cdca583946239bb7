/* zdtm:
 * title: a task in a user namespace of its own that did not come with a pid namespace is refused
 * refuse: it lives in a user namespace below that of its parent
 * needs: root
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "nested.h"
#include "proc.h"

static struct node alone;
static zdtm_event_t* mapped;

static void wait_for_maps(void) { event_wait(mapped, 1); }
static void is_root(void) { expect_eq(getuid(), 0); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  mapped = shared_memory(sizeof *mapped);
  pid_t me = getpid();
  pid_t writer = fork_with(0);
  if (!writer) { /* node_start() waits for the child, which waits for its maps */
    char path[64], text[64];
    for (pid_t child = 0;;) {
      snprintf(path, sizeof path, "/proc/%d/task/%d/children", me, me);
      if (read_file(path, text, sizeof text) > 0)
        for (char* at = strtok(text, " "); at; at = strtok(NULL, " "))
          if (atoi(at) != getpid()) child = atoi(at);
      if (!child) continue;
      for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", child, i ? "gid_map" : "uid_map");
        if (write_file(path, "0 0 1\n") < 0) _exit(1);
      }
      event_set(mapped, 1);
      _exit(0);
    }
  }
  node_start(&alone, CLONE_NEWUSER, wait_for_maps, is_root);
  if (expect_exit(writer, 0)) return 1;

  test_daemon();
  test_waitsig();

  node_finish(&alone);
  pass();
  return 0;
}
