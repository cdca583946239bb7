/* zdtm:
 * title: a socket that signs its segments is refused by name
 * refuse: MD5 keys
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = must(socket(AF_INET, SOCK_STREAM, 0));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  must(bind(fd, (struct sockaddr*)&address, sizeof address));
  struct tcp_md5sig key = {.tcpm_keylen = 3, .tcpm_key = "key"};
  memcpy(&key.tcpm_addr, &address, sizeof address);
  if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) != 0) skip("no TCP_MD5SIG here: %s", strerror(errno));
  must(listen(fd, 5));

  test_daemon();
  test_waitsig();

  pass();
}
