/* zdtm:
 * title: a connection through a veth whose other end is outside the namespace, in a bridge
 * network: own
 * needs: root tool:ip
 * restore: --external veth[v0]:host0@br0
 * outside: the other end would be in the tree
 */
#define _GNU_SOURCE
#include "child.h"
#include "inet.h"
#include "netns.h"

static struct at server_at(void) {
  struct at a = loopback_at(AF_INET, 4322);
  ((struct sockaddr_in*)&a.address)->sin_addr.s_addr = inet_addr("10.6.0.1");
  return a;
}

static int fd = -1;

static int set_up(void* arg) {
  char command[200];
  (void)arg;
  int outside = must(open("/proc/self/ns/net", O_RDONLY));
  new_netns();
  int own = must(open("/proc/self/ns/net", O_RDONLY));
  must(setns(outside, CLONE_NEWNET));
  snprintf(command, sizeof(command), "ip link set v0 netns /proc/%d/fd/%d", getpid(), own);
  sh(command);
  must(setns(own, CLONE_NEWNET));
  close(own);
  close(outside);
  sh("ip link set lo up; ip link set v0 up && ip addr add 10.6.0.2/24 dev v0");
  struct at to = server_at();
  fd = connected_to(AF_INET, to);
  send_pattern(fd, 3000, 5);
  return 0;
}

static int check(void* arg) {
  (void)arg;
  expect_read(fd, "hello");
  write_text(fd, "and you");
  return 0;
}

int main(int argc, char** argv) {
  struct child c = {.setup = set_up, .check = check};
  test_init(argc, argv);
  sh("ip link add br0 type bridge forward_delay 0 && ip link set br0 up && ip addr add 10.6.0.1/24 dev br0 &&"
     "ip link add host0 type veth peer name v0 && ip link set host0 master br0 && ip link set host0 up");
  struct at at = server_at();
  int l = must(socket(AF_INET, SOCK_STREAM, 0));
  must(bind(l, sa(&at), at.size));
  must(listen(l, 1));
  child_start(&c);
  int server = must(accept(l, NULL, NULL));

  test_daemon();
  test_waitsig();

  char* link = output_of("ip -o link show dev host0");
  expect(strstr(link, "master br0") != NULL);
  expect_pattern(server, 3000, 5);
  write_text(server, "hello");
  child_finish(&c);
  expect_read(server, "and you");
  pass();
}
