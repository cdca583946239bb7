/* zdtm:
 * title: UDP-Lite sockets: addresses, peer, how much of a datagram is covered by its checksum; they go on talking
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

enum { kSendCoverage = 10, kReceiveCoverage = 11 }; /* UDPLITE_SEND_CSCOV, UDPLITE_RECV_CSCOV of linux/udp.h */

int main(int argc, char** argv) {
  static const int kFamilies[] = {AF_INET, AF_INET6};
  int server[2], client[2];
  struct at served[2];
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) {
    server[i] = socket(kFamilies[i], SOCK_DGRAM, IPPROTO_UDPLITE);
    if (server[i] < 0) skip("no UDP-Lite here: %s", strerror(errno));
    struct at any = loopback_at(kFamilies[i], 0);
    must(bind(server[i], sa(&any), any.size));
    served[i] = own_address(server[i]);
    client[i] = must(socket(kFamilies[i], SOCK_DGRAM, IPPROTO_UDPLITE));
    must(connect(client[i], sa(&served[i]), served[i].size));
    set_option(client[i], IPPROTO_UDPLITE, kSendCoverage, 12);
    set_option(server[i], IPPROTO_UDPLITE, kReceiveCoverage, 9);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++) {
    expect(same_address(served[i], own_address(server[i])));
    expect(same_address(served[i], peer_address(client[i])));
    expect_eq(option(client[i], SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDPLITE);
    expect_eq(option(client[i], IPPROTO_UDPLITE, kSendCoverage), 12);
    expect_eq(option(server[i], IPPROTO_UDPLITE, kReceiveCoverage), 9);
    write_text(client[i], "light");
    expect_read(server[i], "light");
    set_option(client[i], IPPROTO_UDPLITE, kSendCoverage, 8); /* less than the server wants */
    write_text(client[i], "lighter");
    char byte;
    expect_errno(recv(server[i], &byte, 1, MSG_DONTWAIT), EAGAIN);
  }
  pass();
}
