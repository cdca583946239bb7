/* zdtm:
 * title: open files of /proc/self that show a thread, a descriptor or a mapping, which a restore makes last; a child has them too
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <signal.h>

#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

enum { kComm = 70, kCommToo, kThreadDir, kFdinfo, kFdLink, kMapLink, kOwnTask, kWatched = 90 };
enum { kPosition = 3 };

static volatile pid_t tid;
static char map_name[64];
static pid_t owner;

static void* sleeper(void* unused) {
  tid = gettid();
  pthread_setname_np(pthread_self(), "sleeper");
  for (;;) pause();
  return unused;
}

static int open_proc(const char* name, int flags, int number) {
  char path[128];
  snprintf(path, sizeof(path), "/proc/self/%s", name);
  return move_fd(must(open(path, flags)), number);
}

static void expect_link(int fd, const char* name) {
  char path[128];
  snprintf(path, sizeof(path), "/proc/%d/%s", owner, name);
  if (strcmp(fd_link(fd), path)) die("fd %d leads to %s, not %s", fd, fd_link(fd), path);
}

/* Also in the child, which has inherited the descriptors. */
static void check(void* unused) {
  char name[64], text[64] = "";
  (void)unused;
  snprintf(name, sizeof(name), "task/%d/comm", tid);
  expect_link(kComm, name);
  expect_eq(lseek(kComm, 0, SEEK_CUR), kPosition);
  expect(same_description(getpid(), kComm, getpid(), kCommToo));
  expect(same_description(getpid(), kComm, owner, kComm));
  expect_eq(pread(kComm, text, sizeof(text) - 1, 0), strlen("sleeper\n"));
  expect(strcmp(text, "sleeper\n") == 0);
  snprintf(name, sizeof(name), "task/%d", tid);
  expect_link(kThreadDir, name);
  must(faccessat(kThreadDir, "stat", R_OK, 0));
  expect_link(kFdinfo, "fdinfo/90");
  must(pread(kFdinfo, text, sizeof(text) - 1, 0));
  expect(strncmp(text, "pos:\t5\n", 7) == 0);
  expect_link(kFdLink, "fd/90");
  expect(readlinkat(kFdLink, "", text, sizeof(text)) > 0);
  expect_link(kMapLink, map_name);
  snprintf(name, sizeof(name), "task/%d/fdinfo", owner);
  expect_link(kOwnTask, name);
}

int main(int argc, char** argv) {
  pthread_t thread;
  sigset_t all, old;
  char name[64];
  test_init(argc, argv);
  owner = getpid();
  sigfillset(&all);
  must(sigprocmask(SIG_BLOCK, &all, &old)); /* signals are for the main thread */
  expect_eq(pthread_create(&thread, NULL, sleeper, NULL), 0);
  must(sigprocmask(SIG_SETMASK, &old, NULL));
  while (!tid) usleep(100);
  usleep(10000);
  move_fd(make_file("watched", 100, 1), kWatched);
  must(lseek(kWatched, 5, SEEK_SET));

  snprintf(name, sizeof(name), "task/%d/comm", tid);
  open_proc(name, O_RDWR | O_NONBLOCK, kComm);
  must(lseek(kComm, kPosition, SEEK_SET));
  must(dup3(kComm, kCommToo, O_CLOEXEC));
  snprintf(name, sizeof(name), "task/%d", tid);
  open_proc(name, O_RDONLY | O_DIRECTORY, kThreadDir);
  open_proc("fdinfo/90", O_RDONLY, kFdinfo);
  open_proc("fd/90", O_PATH | O_NOFOLLOW, kFdLink);
  snprintf(name, sizeof(name), "task/%d/fdinfo", owner);
  open_proc(name, O_RDONLY | O_DIRECTORY, kOwnTask);
  DIR* maps = opendir("/proc/self/map_files");
  struct dirent* first = NULL;
  while (maps && (first = readdir(maps)) && first->d_name[0] == '.') {
  }
  if (!first) skip("no map_files here");
  snprintf(map_name, sizeof(map_name), "map_files/%.50s", first->d_name);
  closedir(maps);
  open_proc(map_name, O_PATH | O_NOFOLLOW, kMapLink);
  pid_t child = waiting_child_start(NULL, check, NULL);

  test_daemon();
  test_waitsig();

  check(NULL);
  expect_eq(fcntl(kComm, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  expect_eq(fcntl(kFdLink, F_GETFL) & (O_PATH | O_NOFOLLOW), O_PATH | O_NOFOLLOW);
  expect_eq(fcntl(kCommToo, F_GETFD), FD_CLOEXEC);
  waiting_child_finish(child);
  pass();
}
