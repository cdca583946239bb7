/* zdtm:
 * title: record locks of several ranges and processes; a flock() lock that an inherited descriptor holds; waiters wait on
 */
#define _GNU_SOURCE
#include <sys/file.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

static int records, shared;

static struct flock range(int type, off_t start, off_t len) {
  return (struct flock){.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

static void lock(int fd, int type, off_t start, off_t len) {
  struct flock l = range(type, start, len);
  must(fcntl(fd, F_SETLK, &l));
}

/* Who is in the way of a write lock of that range. */
static void expect_lock(pid_t pid, int type, off_t start, off_t len, off_t at) {
  struct flock l = range(F_WRLCK, at, 1);
  must(fcntl(records, F_GETLK, &l));
  expect_eq(l.l_type, type);
  if (type == F_UNLCK) return;
  expect_eq(l.l_pid, pid);
  expect_eq(l.l_start, start);
  expect_eq(l.l_len, len);
}

static void child_set_up(void* arg) {
  (void)arg;
  lock(records, F_WRLCK, 100, 50);
  lock(records, F_RDLCK, 1000, 0);
  must(flock(shared, LOCK_SH));
}

static void child_check(void* arg) {
  (void)arg;
  expect_lock(getppid(), F_WRLCK, 10, 20, 15);
  expect_lock(getppid(), F_RDLCK, 40, 10, 45);
  expect_lock(getppid(), F_UNLCK, 0, 0, 35);
  close(must(dup(records))); /* drops the locks of this process on the file */
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  records = make_file("records", 2000, 1);
  shared = make_file("shared", 10, 2);
  lock(records, F_WRLCK, 10, 20);
  lock(records, F_RDLCK, 40, 10);
  pid_t child = waiting_child_start(child_set_up, child_check, NULL);
  int twice = must(dup(records));

  test_daemon();
  test_waitsig();

  expect_lock(child, F_WRLCK, 100, 50, 120);
  expect_lock(child, F_RDLCK, 1000, 0, 1500);
  expect_lock(child, F_UNLCK, 0, 0, 160);
  int other = must(open("shared", O_RDONLY));
  expect_errno(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
  must(flock(other, LOCK_SH | LOCK_NB));
  must(flock(other, LOCK_UN));
  waiting_child_finish(child);
  expect_lock(child, F_UNLCK, 0, 0, 120);
  expect_errno(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK); /* our descriptor holds it too */
  must(flock(shared, LOCK_UN));
  must(flock(other, LOCK_EX | LOCK_NB));
  close(twice);
  pass();
}
