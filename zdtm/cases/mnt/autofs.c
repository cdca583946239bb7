/* zdtm:
 * title: autofs with its daemon: what it has mounted stays, and it goes on to be asked
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/auto_fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "child.h"
#include "mounts.h"
#include "users.h"

enum { kCloses, kKeeps, kDaemons };
static const char* at_of[kDaemons];
static zdtm_event_t* ready;

static const char* under(const char* at, const char* name) {
  char* path;
  must(asprintf(&path, "%s/%s", at, name));
  return path;
}

static void mount_what_is_missing(const char* at, const char* name) {
  const char* path = under(at, name);
  must(mkdir(path, 0755));
  must(mount(name, path, "tmpfs", 0, NULL));
  put_text(under(path, "file"), name);
}

/* In a group of its own, which the kernel lets through. Its end of the pipe is not needed once the kernel has it. */
static void serve(int which) {
  const char* at = at_of[which];
  struct autofs_v5_packet packet;
  int ends[2];
  char* options;
  unsigned long timeout = 77 + which;
  must(setpgid(0, 0));
  must(pipe(ends));
  must(asprintf(&options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", ends[1], getpgrp()));
  if (mount("auto", at, "autofs", 0, options)) {
    event_set(ready, 1);
    _exit(77);
  }
  if (which == kCloses) close(ends[1]);
  int root = must(open(at, O_RDONLY));
  must(ioctl(root, AUTOFS_IOC_SETTIMEOUT, &timeout));
  must(mkdir(under(at, "empty"), 0700));
  must(mkdir(under(at, "deep"), 0755));
  must(mkdir(under(at, "deep/er"), 0711));
  event_set(ready, 1);
  for (;;) {
    expect_eq(must(read(ends[0], &packet, sizeof packet)), sizeof packet);
    expect_eq(packet.hdr.type, autofs_ptype_missing_indirect);
    int is_known = strncmp(packet.name, "no", 2) != 0;
    if (is_known) mount_what_is_missing(at, packet.name);
    must(ioctl(root, is_known ? AUTOFS_IOC_READY : AUTOFS_IOC_FAIL, packet.wait_queue_token));
  }
}

/* The pipes have other numbers afterwards. */
static char* seen(void) {
  char* all = mounts_seen();
  int count = 0;
  for (char* at = all; (at = strstr(at, "pipe_ino=")); count++) {
    at += strlen("pipe_ino=");
    size_t digits = strspn(at, "0123456789");
    expect(digits > 0); /* -1 would be that it asks nobody */
    memmove(at, at + digits, strlen(at + digits) + 1);
  }
  expect_eq(count, kDaemons);
  return all;
}

static void expect_same_mounts(const char* before) {
  char* now = seen();
  if (strcmp(now, before) == 0) return;
  test_msg("before:\n%s", before);
  test_msg("now:\n%s", now);
  die("the mounts are not what they were: see the log");
}

int main(int argc, char** argv) {
  pid_t daemons[kDaemons];
  int status;
  test_init(argc, argv);
  if (!strstr(users_look().uid_map, "4294967295")) skip("a user namespace may not mount autofs");
  own_mounts();
  ready = shared_memory(sizeof *ready);
  for (int i = 0; i < kDaemons; i++) {
    at_of[i] = place(i == kCloses ? "closes" : "keeps");
    event_init(ready);
    daemons[i] = must(fork());
    if (daemons[i] == 0) serve(i);
    event_wait(ready, 1);
    if (access(under(at_of[i], "empty"), F_OK) != 0) skip("no autofs here");
    expect_text(under(at_of[i], "one/file"), "one");
    expect_errno(open(under(at_of[i], "none"), O_RDONLY), ENOENT);
  }
  char* before = seen();

  test_daemon();
  test_waitsig();

  expect_same_mounts(before);
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < kDaemons; i++) {
    struct stat st;
    must(lstat(under(at_of[i], "empty"), &st));
    expect_eq(st.st_mode, S_IFDIR | 0700);
    must(lstat(under(at_of[i], "deep/er"), &st));
    expect_eq(st.st_mode, S_IFDIR | 0711);
    expect_text(under(at_of[i], "one/file"), "one");
    expect_text(under(at_of[i], "two/file"), "two");
    expect_errno(open(under(at_of[i], "nothing"), O_RDONLY), ENOENT);
    expect_eq(waitpid(daemons[i], &status, WNOHANG), 0);
    /* Nobody else reads the pipe: the kernel finds out, and asks no more. */
    must(kill(daemons[i], SIGKILL));
    must(waitpid(daemons[i], &status, 0));
    expect_errno(open(under(at_of[i], "three"), O_RDONLY), ENOENT);
  }
  pass();
}
