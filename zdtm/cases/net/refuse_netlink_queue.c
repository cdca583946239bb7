/* zdtm:
 * title: a netlink socket with an unread answer is refused by name; the answer is still there
 * refuse: fd 77
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "check.h"
#include "descriptors.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct {
    struct nlmsghdr head;
    struct rtgenmsg body;
  } ask = {{sizeof(ask), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1234, 0}, {AF_UNSPEC}};
  char answer[32768];
  test_init(argc, argv);
  int sock = move_fd(must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), kRefusedFd);
  must(send(sock, &ask, sizeof(ask), 0));

  test_daemon();
  test_waitsig();

  ssize_t n = must(recv(sock, answer, sizeof(answer), MSG_DONTWAIT));
  struct nlmsghdr* head = (struct nlmsghdr*)answer;
  expect(n > (ssize_t)sizeof(*head) && head->nlmsg_type == RTM_NEWLINK);
  expect_eq(head->nlmsg_seq, 1234);
  pass();
}
