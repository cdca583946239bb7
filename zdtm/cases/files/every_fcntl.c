/* zdtm:
 * title: what fcntl and the general ioctls tell of descriptors of all kinds, as opened and with whatever can be set
 */
#define _GNU_SOURCE
#include <linux/fs.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "descriptors.h"

enum { kMost = 80, kBytes = 32 };

static const struct {
  int number, is_ioctl;
  const char* name;
} kQuestions[] = {
    {F_GETFD, 0, "F_GETFD"},
    {F_GETFL, 0, "F_GETFL"},
    {F_GETOWN, 0, "F_GETOWN"},
    {F_GETSIG, 0, "F_GETSIG"},
    {F_GETOWN_EX, 0, "F_GETOWN_EX"},
    {17, 0, "F_GETOWNER_UIDS"},
    {F_GETLEASE, 0, "F_GETLEASE"},
    {F_GETPIPE_SZ, 0, "F_GETPIPE_SZ"},
    {F_GET_SEALS, 0, "F_GET_SEALS"},
    {F_GET_RW_HINT, 0, "F_GET_RW_HINT"},
    {F_GET_FILE_RW_HINT, 0, "F_GET_FILE_RW_HINT"},
    {FIONREAD, 1, "FIONREAD"},
    {SIOCATMARK, 1, "SIOCATMARK"},
    {SIOCGPGRP, 1, "SIOCGPGRP"},
    {SIOCOUTQ, 1, "SIOCOUTQ"},
    {FS_IOC_GETFLAGS, 1, "FS_IOC_GETFLAGS"},
    {FS_IOC_FSGETXATTR, 1, "FS_IOC_FSGETXATTR"},
    {FIGETBSZ, 1, "FIGETBSZ"},
};
enum { kQuestionCount = sizeof(kQuestions) / sizeof(*kQuestions) };

struct answer {
  int result, err;
  unsigned char data[kBytes];
};

static struct {
  const char* what;
  int fd;
  struct answer answers[kQuestionCount];
} all[kMost];
static int count;

static void ask_all(int fd, struct answer* answers) {
  memset(answers, 0, sizeof(*answers) * kQuestionCount);
  for (int q = 0; q < kQuestionCount; ++q) {
    struct answer* a = &answers[q];
    a->result = kQuestions[q].is_ioctl ? ioctl(fd, kQuestions[q].number, a->data) : fcntl(fd, kQuestions[q].number, a->data);
    a->err = a->result < 0 ? errno : 0;
  }
}

/* Other answers than a new one gives, as far as it takes them. */
static void change(int fd) {
  uint64_t hint = RWH_WRITE_LIFE_LONG;
  int yes = 1;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETOWN, getpid());
  fcntl(fd, F_SETSIG, SIGURG);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK | O_APPEND);
  ioctl(fd, FIOASYNC, &yes);
  fcntl(fd, F_SETPIPE_SZ, 8192);
  fcntl(fd, F_SET_RW_HINT, &hint);
  fcntl(fd, F_SET_FILE_RW_HINT, &hint);
}

static void add(int fd, const char* what, int changed) {
  if (fd < 0) {
    test_msg("no %s: %s", what, strerror(errno));
    return;
  }
  expect(count < kMost);
  all[count].what = what;
  all[count++].fd = fd;
  if (changed) change(fd);
}

static void add_some(int changed) {
  int ends[2], file = make_file(changed ? "changed" : "plain", 100, 1), gone = make_file("gone", 10, 1);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  add(file, "file", changed);
  add(gone, "removed file", changed);
  must(unlink("gone"));
  add(open(".", O_RDONLY | O_DIRECTORY), "directory", 0); /* its owner looks like dnotify */
  add(open("/dev/null", O_RDWR), "/dev/null", changed);
  add(open("/proc/self/status", O_RDONLY), "a file of /proc", changed);
  must(pipe(ends));
  must(write(ends[1], "xyz", 3));
  add(ends[0], "pipe to read", changed), add(ends[1], "pipe to write", changed);
  must(mkfifo("fifo", 0600));
  add(open("fifo", O_RDWR), "fifo", changed);
  must(unlink("fifo"));
  add(memfd_create("memory", MFD_ALLOW_SEALING), "memfd", changed);
  add(eventfd(3, 0), "eventfd", changed);
  add(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd", changed);
  add(signalfd(-1, &set, 0), "signalfd", changed);
  add(epoll_create1(0), "epoll", changed);
  add(inotify_init1(0), "inotify", changed);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  must(write(ends[1], "xyz", 3));
  add(ends[0], "unix stream", changed), add(ends[1], "unix stream", changed);
  add(socket(AF_INET, SOCK_DGRAM, 0), "udp", changed);
  add(socket(AF_INET, SOCK_STREAM, 0), "tcp", changed);
  int master = must(posix_openpt(O_RDWR | O_NOCTTY));
  must(grantpt(master));
  must(unlockpt(master));
  add(master, "pty master", changed), add(open(ptsname(master), O_RDWR | O_NOCTTY), "pty slave", changed);
}

static int compare(int n) {
  struct answer now[kQuestionCount];
  int differ = 0;
  ask_all(all[n].fd, now);
  for (int q = 0; q < kQuestionCount; ++q) {
    struct answer *was = &all[n].answers[q], *is = &now[q];
    if (memcmp(was, is, sizeof(*was)) == 0) continue;
    ++differ;
    test_msg("%s (fd %d): %s was %d (errno %d, %d), is %d (errno %d, %d)", all[n].what, all[n].fd, kQuestions[q].name,
             was->result, was->err, was->data[0], is->result, is->err, is->data[0]);
  }
  return differ;
}

int main(int argc, char** argv) {
  int differ = 0;
  test_init(argc, argv);
  must((long)signal(SIGURG, SIG_IGN));
  must((long)signal(SIGIO, SIG_IGN));
  add_some(0);
  add_some(1);
  for (int n = 0; n < count; ++n) ask_all(all[n].fd, all[n].answers);

  test_daemon();
  test_waitsig();

  for (int n = 0; n < count; ++n) differ += compare(n);
  if (differ) die("%d answers differ, see above", differ);
  pass();
}
