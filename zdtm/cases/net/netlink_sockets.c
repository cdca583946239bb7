/* zdtm:
 * title: netlink sockets: port, groups, peer, options; requests are answered, events of groups come
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "check.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static void ask(int sock) {
  struct {
    struct nlmsghdr head;
    struct rtgenmsg body;
  } request = {{sizeof(request), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1234, 0}, {AF_UNSPEC}};
  char answer[32768];
  must(send(sock, &request, sizeof(request), 0));
  struct nlmsghdr* head = (struct nlmsghdr*)answer;
  do {
    expect(must(recv(sock, answer, sizeof(answer), MSG_DONTWAIT)) >= (ssize_t)sizeof(*head));
    expect_eq(head->nlmsg_seq, 1234);
  } while (head->nlmsg_type != NLMSG_DONE);
}

static int on(int sock, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  must(getsockopt(sock, SOL_NETLINK, option, &value, &size));
  return value;
}

int main(int argc, char** argv) {
  struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK}, to = {.nl_family = AF_NETLINK}, got;
  socklen_t size = sizeof(at);
  const int yes = 1, high = 33;
  uint32_t groups[4] = {0};
  test_init(argc, argv);
  int bound = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  must(bind(bound, (struct sockaddr*)&at, sizeof(at)));
  must(getsockname(bound, (struct sockaddr*)&at, &size));
  must(setsockopt(bound, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &high, sizeof(high)));
  must(setsockopt(bound, SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof(yes)));
  int fresh = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE));
  int user = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_USERSOCK));
  int peer = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_USERSOCK));
  struct sockaddr_nl mine = {.nl_family = AF_NETLINK, .nl_pid = 0x40000000u + getpid()};
  must(bind(user, (struct sockaddr*)&mine, sizeof(mine)));
  must(connect(peer, (struct sockaddr*)&mine, sizeof(mine)));

  test_daemon();
  test_waitsig();

  size = sizeof(got);
  must(getsockname(bound, (struct sockaddr*)&got, &size));
  expect_eq(got.nl_pid, at.nl_pid);
  expect_eq(got.nl_groups, RTMGRP_LINK);
  size = sizeof(groups);
  must(getsockopt(bound, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &size));
  expect(groups[0] == RTMGRP_LINK && groups[1] == 1);
  expect_eq(on(bound, NETLINK_EXT_ACK), 1);
  expect_eq(on(bound, NETLINK_PKTINFO), 0);
  size = sizeof(got);
  must(getsockname(fresh, (struct sockaddr*)&got, &size));
  expect_eq(got.nl_pid, 0);
  ask(bound);
  ask(fresh);
  size = sizeof(to);
  must(getpeername(peer, (struct sockaddr*)&to, &size));
  expect_eq(to.nl_pid, mine.nl_pid);
  char text[8] = "";
  must(send(peer, "hello", 5, 0));
  expect_eq(recv(user, text, sizeof(text), MSG_DONTWAIT), 5);
  pass();
}
