/* zdtm:
 * title: credentials in messages: of a process that is gone, of other ids, none at all; wanted before or afterwards
 * needs: root
 * outside: the pid of a process that is gone does not show through another pid namespace
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "unix_name.h"

static struct ucred credentials(int fd, const char* text) {
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(struct ucred))];
  } control = {0};
  char got[64];
  struct iovec data = {got, sizeof(got)};
  struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  struct ucred who = {-1, -1, -1};
  ssize_t n = must(recvmsg(fd, &msg, MSG_DONTWAIT));
  if ((size_t)n != strlen(text) || memcmp(got, text, n)) die("message \"%.*s\", not \"%s\"", (int)n, got, text);
  struct cmsghdr* c = CMSG_FIRSTHDR(&msg);
  if (c && c->cmsg_type == SCM_CREDENTIALS) memcpy(&who, CMSG_DATA(c), sizeof(who));
  return who;
}

int main(int argc, char** argv) {
  int wanted[2], later[2];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, wanted));
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, later));
  write_text(later[1], "nobody asked");
  set_socket_option(later[0], SO_PASSCRED, 1);
  set_socket_option(wanted[0], SO_PASSCRED, 1);
  pid_t gone = must(fork());
  if (gone == 0) {
    must(setresgid(66, 66, 66));
    must(setresuid(55, 55, 55));
    write_text(wanted[1], "of one who is gone");
    _exit(0);
  }
  expect_eq(must(waitpid(gone, NULL, 0)), gone);
  write_text(wanted[1], "mine");
  set_socket_option(wanted[0], SO_PASSCRED, 0);

  test_daemon();
  test_waitsig();

  set_socket_option(wanted[0], SO_PASSCRED, 1);
  struct ucred who = credentials(wanted[0], "of one who is gone");
  expect_eq(who.pid, gone);
  expect_eq(who.uid, 55);
  expect_eq(who.gid, 66);
  who = credentials(wanted[0], "mine");
  expect_eq(who.pid, getpid());
  expect_eq(who.uid, getuid());
  who = credentials(later[0], "nobody asked");
  expect_eq(who.pid, 0);
  expect_eq(who.uid, 65534);
  pass();
}
