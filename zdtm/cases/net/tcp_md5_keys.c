/* zdtm:
 * title: TCP sockets that sign their segments (RFC 2385): listeners of one port, a range of addresses, connections
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

static int set_key(int fd, struct at peer, int prefix, const char* text) {
  struct tcp_md5sig key = {.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX, .tcpm_prefixlen = prefix, .tcpm_keylen = strlen(text)};
  memcpy(&key.tcpm_addr, &peer.address, peer.size);
  strcpy((char*)key.tcpm_key, text);
  return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &key, sizeof(key));
}

/* A client that signs with `text`, or does not sign; -1 when nobody has answered it for a while. */
static int client(struct at to, const char* text) {
  int fd = must(socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0));
  if (text) must(set_key(fd, to, to.address.ss_family == AF_INET ? 32 : 128, text));
  expect_errno(connect(fd, sa(&to), to.size), EINPROGRESS);
  if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, text ? 1000 : 200) == 1) {
    fcntl(fd, F_SETFL, 0);
    return fd;
  }
  close(fd);
  return -1;
}

int main(int argc, char** argv) {
  static const int kFamilies[] = {AF_INET, AF_INET6};
  int listener[2], silent[2], near[2], far[2];
  struct at at[2];
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) {
    int family = kFamilies[i];
    struct at any = loopback_at(family, 0);
    listener[i] = must(socket(family, SOCK_STREAM, 0));
    if (set_key(listener[i], any, family == AF_INET ? 8 : 64, "secret")) skip("no TCP_MD5SIG here: %s", strerror(errno));
    set_option(listener[i], SOL_SOCKET, SO_REUSEPORT, 1);
    must(bind(listener[i], sa(&any), any.size));
    must(listen(listener[i], 5));
    at[i] = own_address(listener[i]);
    near[i] = client(at[i], "secret");
    expect(near[i] >= 0);
    far[i] = must(accept(listener[i], NULL, NULL));
    write_text(near[i], "not read yet");
    /* Another one of the port, whose key is another. It is closed before anybody can come to it. */
    silent[i] = must(socket(family, SOCK_STREAM, 0));
    must(set_key(silent[i], any, family == AF_INET ? 8 : 64, "other"));
    set_option(silent[i], SOL_SOCKET, SO_REUSEPORT, 1);
    must(bind(silent[i], sa(&at[i]), at[i].size));
    must(listen(silent[i], 5));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    expect_read(far[i], "not read yet");
    both_ways(near[i], far[i]);
    close(listener[i]);
    expect_eq(client(at[i], "secret"), -1);
    int c = client(at[i], "other");
    expect(c >= 0);
    both_ways(c, must(accept(silent[i], NULL, NULL)));
    expect_eq(client(at[i], NULL), -1);
  }
  pass();
}
