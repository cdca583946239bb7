/* zdtm:
 * title: what pid namespaces share or tell pids by: descriptors, pidfds, credentials, timers
 * nosnapshot: another pid namespace
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "nested.h"

static struct node inner;
static int file, to_inner[2], mine[2], of_outer, of_inner, seen_inner, own_pair[2];
static int owned_by_outer, owned_by_inner, owned_inside;
static timer_t timer;
static volatile sig_atomic_t timer_tid;

static int pidfd_of(pid_t pid) { return must(syscall(434 /* pidfd_open */, pid, 0)); }
static pid_t owner_of(int fd) {
  struct f_owner_ex who = {0, 0};
  must(fcntl(fd, F_GETOWN_EX, &who));
  return who.pid;
}
static void set_owner(int fd, pid_t pid) {
  struct f_owner_ex who = {F_OWNER_PID, pid};
  must(fcntl(fd, F_SETOWN_EX, &who));
}
static pid_t peer_of(int fd) {
  struct ucred who;
  socklen_t size = sizeof who;
  must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size));
  return who.pid;
}

static void on_timer(int sig) {
  (void)sig;
  timer_tid = (int)syscall(SYS_gettid);
}

static void set_up(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
  event._sigev_un._tid = (int)syscall(SYS_gettid);
  signal(SIGRTMIN, on_timer);
  must(timer_create(CLOCK_MONOTONIC, &event, &timer));
  seen_inner = pidfd_of(getpid());
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, own_pair));
  owned_inside = own_pair[0];
  set_owner(owned_inside, getpid());
  must(send(mine[1], "x", 1, 0)); /* with our credentials: the other end has SO_PASSCRED */
}

static void expect_alive(int pidfd) { must(syscall(424 /* pidfd_send_signal */, pidfd, 0, NULL, 0)); }

static void check(void) {
  char byte;
  expect_eq(must(read(file, &byte, 1)), 1);
  expect_eq(byte, 'c');
  expect_eq(must(read(to_inner[0], &byte, 1)), 1);
  expect_eq(byte, 'p');
  expect_errno(syscall(424 /* pidfd_send_signal */, of_outer, 0, NULL, 0), EINVAL); /* not to be seen here either */
  expect_alive(seen_inner);
  expect_eq(peer_of(own_pair[0]), getpid());
  expect_eq(owner_of(owned_inside), getpid());
  expect_eq(owner_of(owned_by_outer), 0); /* it is not to be seen here */
  struct itimerspec soon = {.it_value = {0, 1000000}};
  must(timer_settime(timer, 0, &soon, NULL));
  while (!timer_tid) usleep(1000);
  expect_eq(timer_tid, syscall(SYS_gettid));
}

int main(int argc, char** argv) {
  int on = 1;
  char byte;
  test_init(argc, argv);
  file = must(open(test_path("shared"), O_RDWR | O_CREAT | O_EXCL, 0600));
  must(write(file, "abcd", 4));
  must(lseek(file, 1, SEEK_SET));
  must(pipe(to_inner));
  must(write(to_inner[1], "p", 1));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, mine));
  must(setsockopt(mine[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  of_outer = pidfd_of(getpid());
  owned_by_outer = must(socket(AF_UNIX, SOCK_DGRAM, 0));
  set_owner(owned_by_outer, getpid());
  owned_by_inner = must(socket(AF_UNIX, SOCK_DGRAM, 0));
  node_start(&inner, CLONE_NEWPID, set_up, check);
  of_inner = pidfd_of(inner.pid);
  set_owner(owned_by_inner, inner.pid);

  test_daemon();
  test_waitsig();

  expect_eq(must(read(file, &byte, 1)), 1); /* the position is one for both */
  expect_eq(byte, 'b');
  expect_alive(of_outer);
  expect_alive(of_inner);
  expect_eq(owner_of(owned_by_outer), getpid());
  expect_eq(owner_of(owned_by_inner), inner.pid);
  expect_eq(peer_of(mine[0]), getpid());
  union {
    char room[CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
  } control;
  struct iovec part = {&byte, 1};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  expect_eq(must(recvmsg(mine[0], &m, 0)), 1);
  struct ucred who;
  expect(CMSG_FIRSTHDR(&m) != NULL);
  memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof who);
  expect_eq(who.pid, inner.pid);
  node_finish(&inner);
  siginfo_t gone;
  expect_eq(waitid((idtype_t)3 /* P_PIDFD */, of_inner, &gone, WEXITED), -1); /* waited for already */
  expect_eq(errno, ECHILD);
  pass();
  return 0;
}
