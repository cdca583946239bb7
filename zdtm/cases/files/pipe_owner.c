/* zdtm:
 * title: owner, permissions and times of pipes: a program that is not root can open its own by /proc/self/fd
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

enum { kRead = 77, kWrite, kChanged, kChangedToo };
enum { kUid = 1234, kGid = 4321 };

static void make(int read_number) {
  int fds[2];
  must(pipe(fds));
  move_fd(fds[0], read_number);
  move_fd(fds[1], read_number + 1);
}

static void become_somebody(void* unused) {
  (void)unused;
  must(setresgid(kGid, kGid, kGid));
  must(setresuid(kUid, kUid, kUid));
  make(kRead);
  write_text(kWrite, "some bytes");
}

static void check_somebody(void* unused) {
  struct stat st;
  (void)unused;
  must(fstat(kRead, &st));
  expect_eq(st.st_uid, kUid);
  expect_eq(st.st_gid, kGid);
  expect_eq(st.st_mode & 07777, 0600);
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", kRead);
  int again = must(open(path, O_RDONLY));
  expect_read(again, "some bytes");
}

int main(int argc, char** argv) {
  const struct timespec times[2] = {{1000, 5}, {2000000000, 999999999}};
  struct stat st, before;
  test_init(argc, argv);
  pid_t child = waiting_child_start(become_somebody, check_somebody, NULL);
  make(kChanged);
  write_text(kChangedToo, "others");
  must(fchmod(kChanged, 0640));
  must(futimens(kChanged, times));
  must(fstat(kChanged, &before));

  test_daemon();
  test_waitsig();

  must(fstat(kChangedToo, &st));
  expect_eq(st.st_uid, before.st_uid);
  expect_eq(st.st_gid, before.st_gid);
  expect_eq(st.st_mode, before.st_mode);
  expect_eq(st.st_atim.tv_sec, 1000);
  expect_eq(st.st_atim.tv_nsec, 5);
  expect_eq(st.st_mtim.tv_sec, 2000000000);
  expect_eq(st.st_mtim.tv_nsec, 999999999);
  expect_read(kChanged, "others");
  waiting_child_finish(child);
  pass();
}
