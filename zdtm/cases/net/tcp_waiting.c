/* zdtm:
 * title: connections that nobody has accepted: their order, names and options; of two processes, one half-closed, one closed, one that reads no more
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"
#include "waiting_child.h"

enum { kMany = 12 };

static int l, child_client;

static void from_child(void* arg) {
  (void)arg;
  child_client = connected_to(AF_INET, own_address(l));
}

static void check_child(void* arg) {
  (void)arg;
  expect_read(child_client, "to the child");
  write_text(child_client, "from the child");
}

static int client_with(int nodelay) {
  int fd = must(socket(AF_INET, SOCK_STREAM, 0));
  struct at to = own_address(l);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, nodelay);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 123);
  must(connect(fd, sa(&to), to.size));
  return fd;
}

/* The next one in the queue; it must be that of `client`. */
static int next(struct at client) {
  struct at peer = {.size = sizeof(peer.address)};
  int fd = must(accept(l, sa(&peer), &peer.size));
  expect(same_address(peer, client));
  expect(same_address(own_address(fd), own_address(l)));
  return fd;
}

static struct tcp_info info_of(int fd) {
  struct tcp_info info;
  socklen_t size = sizeof(info);
  must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
  return info;
}

int main(int argc, char** argv) {
  int many[kMany];
  test_init(argc, argv);
  l = listening(AF_INET, 100);
  set_option(l, SOL_SOCKET, SO_KEEPALIVE, 1);
  int accepted_client = client_with(0), accepted = must(accept(l, NULL, NULL));
  /* The later sockets connect first. */
  int late = must(socket(AF_INET, SOCK_STREAM, 0));
  for (int i = 0; i < kMany; i++) many[i] = client_with(1);
  struct at to = own_address(l);
  must(connect(late, sa(&to), to.size));
  pid_t child = waiting_child_start(from_child, check_child, NULL);
  usleep(200000);
  int closing = connected_to(AF_INET, to);
  struct at closed_at = own_address(closing);
  close(closing);
  usleep(200000);
  int half = connected_to(AF_INET, to);
  must(shutdown(half, SHUT_WR));
  wait_tcp_state(half, TCP_FIN_WAIT2);
  int deaf = connected_to(AF_INET, to);
  must(shutdown(deaf, SHUT_RD));
  must(listen(l, 3));
  struct tcp_info before = info_of(many[0]);

  test_daemon();
  test_waitsig();

  struct tcp_info after = info_of(many[0]);
  expect_eq(after.tcpi_options, before.tcpi_options);
  expect_eq(after.tcpi_snd_wscale, before.tcpi_snd_wscale);
  expect_eq(after.tcpi_rcv_wscale, before.tcpi_rcv_wscale);
  expect_eq(after.tcpi_snd_mss, before.tcpi_snd_mss);
  expect_eq(info_of(l).tcpi_unacked, kMany + 5);
  expect_eq(info_of(l).tcpi_sacked, 3);
  both_ways(accepted_client, accepted);
  for (int i = 0; i < kMany; i++) {
    expect_eq(option(many[i], IPPROTO_TCP, TCP_NODELAY), 1);
    expect_eq(option(many[i], IPPROTO_TCP, TCP_KEEPIDLE), 123);
    expect_eq(option(many[i], SOL_SOCKET, SO_REUSEADDR), 0);
    expect_eq(tcp_state(many[i]), TCP_ESTABLISHED);
    int fd = next(own_address(many[i]));
    expect_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    both_ways(many[i], fd);
    close(fd);
    expect_end(many[i]);
  }
  both_ways(late, next(own_address(late)));
  int fd = must(accept(l, NULL, NULL));
  write_text(fd, "to the child");
  waiting_child_finish(child);
  expect_read(fd, "from the child");
  expect_end(next(closed_at));
  fd = next(own_address(half));
  expect_end(fd);
  write_text(fd, "one way");
  expect_read(half, "one way");
  expect_errno(send(half, "x", 1, MSG_NOSIGNAL), EPIPE);
  fd = next(own_address(deaf));
  expect_end(deaf);
  write_text(deaf, "the other");
  expect_read(fd, "the other");
  must(fcntl(l, F_SETFL, O_NONBLOCK));
  expect_errno(accept(l, NULL, NULL), EAGAIN);
  pass();
}
