/* zdtm:
 * title: a socket with a message in its error queue (IP_RECVERR) is refused by name; the message is still there
 * refuse: a message of its error queue
 * network: own
 */
#define _GNU_SOURCE
#include <time.h>
#include <linux/errqueue.h>
#include <poll.h>

#include "check.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct sockaddr_in nobody;
  const int yes = 1;
  char control[512];
  struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
  test_init(argc, argv);
  int closed = bound_socket(SOCK_DGRAM, &nobody);
  must(close(closed));
  int sock = move_fd(must(socket(AF_INET, SOCK_DGRAM, 0)), kRefusedFd);
  must(setsockopt(sock, IPPROTO_IP, IP_RECVERR, &yes, sizeof(yes)));
  must(sendto(sock, "x", 1, 0, (struct sockaddr*)&nobody, sizeof(nobody)));
  struct pollfd p = {.fd = sock};
  expect_eq(poll(&p, 1, 1000), 1);
  expect(p.revents & POLLERR);

  test_daemon();
  test_waitsig();

  must(recvmsg(sock, &message, MSG_ERRQUEUE | MSG_DONTWAIT));
  const struct cmsghdr* c = CMSG_FIRSTHDR(&message);
  expect(c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR);
  expect_eq(((const struct sock_extended_err*)CMSG_DATA(c))->ee_errno, ECONNREFUSED);
  pass();
}
