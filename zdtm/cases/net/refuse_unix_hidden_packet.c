/* zdtm:
 * title: an empty packet that was looked at before is refused, since the kernel does not show it again
 * refuse: an empty packet is in its queue that was looked at
 */
#define _GNU_SOURCE
#include "unix_name.h"

int main(int argc, char** argv) {
  int s[2], off = 0;
  char data[64];
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
  write_text(s[0], "before");
  must(send(s[0], "", 0, 0));
  write_text(s[0], "after");
  must(setsockopt(s[1], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)));
  for (int i = 0; i < 3; i++) must(recv(s[1], data, sizeof(data), MSG_PEEK | MSG_DONTWAIT));
  off = -1;
  must(setsockopt(s[1], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)));

  test_daemon();
  test_waitsig();

  expect_message(s[1], "before");
  expect_message(s[1], "");
  expect_message(s[1], "after");
  pass();
}
