/* zdtm:
 * title: proc file systems that show an inner pid namespace, mounted by its first process where its maker lives too
 * nosnapshot: another pid namespace
 * needs: root
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mount.h>

#include "nested.h"
#include "proc.h"

struct told {
  zdtm_event_t ready, go;
};
static struct told* events; /* the one who is alone, the one with his maker, that one */

static void mount_proc(void) {
  must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

static void expect_self(const char* wanted) {
  char text[32] = "";
  ssize_t n = must(readlink("/proc/self", text, sizeof text - 1));
  text[n] = 0;
  if (strcmp(text, wanted)) die("/proc/self leads to %s, not %s", text, wanted);
}

static void run_first(struct told* told) {
  expect_eq(getpid(), 1);
  mount_proc();
  expect_self("1");
  event_set(&told->ready, 1);
  event_wait(&told->go, 1);
  expect_eq(getpid(), 1);
  expect_self("1");
  expect_errno(access("/proc/2", F_OK), ENOENT);
  _exit(0);
}

/* Its mount namespace is the one of its child, whose pid namespace it is not in. */
static void run_maker(struct told* told) {
  must(unshare(CLONE_NEWNS | CLONE_NEWPID));
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  pid_t first = fork_with(0);
  if (!first) run_first(told);
  event_wait(&told[0].ready, 1);
  event_set(&told[1].ready, 1);
  event_wait(&told[1].go, 1);
  char text[32];
  expect_errno(readlink("/proc/self", text, sizeof text), ENOENT);
  expect_eq(access("/proc/1/stat", F_OK), 0);
  event_set(&told[0].go, 1);
  if (expect_exit(first, 0)) _exit(1);
  must(umount2("/proc", 0)); /* below it is that of the outside */
  snprintf(text, sizeof text, "%d", getpid());
  expect_self(text);
  _exit(0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  events = shared_memory(3 * sizeof *events);
  pid_t alone = fork_with(CLONE_NEWPID | CLONE_NEWNS);
  if (!alone) {
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    run_first(&events[0]);
  }
  event_wait(&events[0].ready, 1);
  pid_t maker = fork_with(0);
  if (!maker) run_maker(&events[1]);
  event_wait(&events[2].ready, 1);

  test_daemon();
  test_waitsig();

  event_set(&events[0].go, 1);
  event_set(&events[2].go, 1);
  if (!expect_exit(alone, 0) && !expect_exit(maker, 0)) pass();
  return 0;
}
