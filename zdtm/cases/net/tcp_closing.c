/* zdtm:
 * title: TCP connections whose end waits behind data that the peer has no room for: FIN_WAIT1, CLOSING, LAST_ACK
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

enum { kWait1, kClosing, kLastAck, kPairs };
static const int kStates[] = {TCP_FIN_WAIT1, TCP_CLOSING, TCP_LAST_ACK};

int main(int argc, char** argv) {
  int client[kPairs], server[kPairs], server_state[kPairs];
  size_t sent[kPairs];
  test_init(argc, argv);
  for (int i = 0; i < kPairs; i++) {
    tcp_pair(i == kClosing ? AF_INET6 : AF_INET, &client[i], &server[i]);
    write_text(server[i], "bye");
    if (i == kLastAck) {
      must(shutdown(server[i], SHUT_WR));
      wait_tcp_state(client[i], TCP_CLOSE_WAIT);
    }
    sent[i] = fill_up(client[i], i);
    must(shutdown(client[i], SHUT_WR));
    if (i == kClosing) must(shutdown(server[i], SHUT_WR));
    wait_tcp_state(client[i], kStates[i]);
    server_state[i] = tcp_state(server[i]);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kPairs; i++) {
    expect_eq(tcp_state(client[i]), kStates[i]);
    expect_eq(tcp_state(server[i]), server_state[i]);
    expect_errno(send(client[i], "x", 1, MSG_NOSIGNAL), EPIPE);
    expect_pattern(server[i], sent[i], i);
    expect_end(server[i]);
    expect_read(client[i], "bye");
    if (i != kWait1) expect_end(client[i]);
    wait_tcp_state(client[i], i == kWait1 ? TCP_FIN_WAIT2 : TCP_CLOSE);
  }
  write_text(server[kWait1], "and more");
  expect_read(client[kWait1], "and more");
  pass();
}
