/* zdtm:
 * title: SO_PEERCRED of a socketpair tells who made it; messages carry the sender's credentials afterwards
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  int s[2];
  struct ucred peer;
  socklen_t len = sizeof(peer);
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  set_socket_option(s[1], SO_PASSCRED, 1);

  test_daemon();
  test_waitsig();

  must(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &peer, &len));
  expect_eq(peer.pid, getpid());
  expect_eq(peer.uid, getuid());
  expect_eq(peer.gid, getgid());
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE(sizeof(struct ucred))];
  } control = {0};
  char byte;
  struct iovec data = {&byte, 1};
  struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
  write_text(s[0], "x");
  expect_eq(recvmsg(s[1], &msg, 0), 1);
  struct cmsghdr* c = CMSG_FIRSTHDR(&msg);
  expect(c && c->cmsg_type == SCM_CREDENTIALS);
  memcpy(&peer, CMSG_DATA(c), sizeof(peer));
  expect_eq(peer.pid, getpid());
  pass();
}
