/* zdtm:
 * title: TCP connections that are half closed: FIN_WAIT2 and CLOSE_WAIT, with data unread and unsent, both ends and one
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

/* Sends a text and its end, then gives back what comes. */
static void speak_first(int fd) {
  char data[4096];
  write_text(fd, "hello");
  shutdown(fd, SHUT_WR);
  for (ssize_t n; (n = read(fd, data, sizeof(data))) > 0;) {
  }
  pause();
}

/* Waits for the end of what comes, gives all of it back, and stays: in a container it belongs to the tree. */
static void answer_at_end(int fd) {
  static char data[1 << 20];
  size_t size = 0;
  for (ssize_t n; (n = read(fd, data + size, sizeof(data) - size)) > 0;) size += n;
  usleep(300000);
  for (size_t at = 0; at < size;) {
    ssize_t m = send(fd, data + at, size - at, MSG_NOSIGNAL);
    if (m <= 0) break;
    at += m;
  }
  close(fd);
  pause();
}

int main(int argc, char** argv) {
  int client, server, client6, server6;
  struct at speaker = outside(AF_INET, speak_first), answerer = outside(AF_INET6, answer_at_end);
  test_init(argc, argv);
  tcp_pair(AF_INET, &client, &server);
  tcp_pair(AF_INET6, &client6, &server6);
  send_pattern(client, 3000, 1);
  send_pattern(server, 4000, 2);
  must(shutdown(client, SHUT_WR));
  must(shutdown(client6, SHUT_WR));
  int listener = connected_to(AF_INET, speaker), asker = connected_to(AF_INET6, answerer);
  send_pattern(asker, 100000, 3);
  must(shutdown(asker, SHUT_WR));
  wait_tcp_state(client, TCP_FIN_WAIT2);
  wait_tcp_state(client6, TCP_FIN_WAIT2);
  wait_tcp_state(server, TCP_CLOSE_WAIT);
  wait_tcp_state(server6, TCP_CLOSE_WAIT);
  wait_tcp_state(listener, TCP_CLOSE_WAIT);

  test_daemon();
  test_waitsig();

  expect_eq(tcp_state(client), TCP_FIN_WAIT2);
  expect_eq(tcp_state(server), TCP_CLOSE_WAIT);
  expect_eq(tcp_state(client6), TCP_FIN_WAIT2);
  expect_eq(tcp_state(server6), TCP_CLOSE_WAIT);
  expect_eq(tcp_state(listener), TCP_CLOSE_WAIT);
  expect_errno(send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
  expect_pattern(server, 3000, 1);
  expect_end(server);
  expect_end(server6);
  write_text(server6, "late");
  expect_read(client6, "late");
  expect_pattern(client, 4000, 2);
  close(server);
  expect_end(client);
  expect_read(listener, "hello");
  expect_end(listener);
  write_text(listener, "some more");
  expect_pattern(asker, 100000, 3);
  expect_end(asker);
  pass();
}
