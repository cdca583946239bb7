/* zdtm:
 * title: a packet socket with a ring is refused by name; packets still come into the ring
 * refuse: fd 77 (socket:
 * network: own
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

#include "check.h"
#include "mapping.h"
#include "refused_socket.h"

int main(int argc, char** argv) {
  struct sockaddr_in at;
  struct tpacket_req ring = {.tp_block_size = 4096, .tp_block_nr = 4, .tp_frame_size = 2048, .tp_frame_nr = 8};
  test_init(argc, argv);
  int sock = move_fd(must(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP))), kRefusedFd);
  must(setsockopt(sock, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)));
  struct tpacket_hdr* frame = (struct tpacket_hdr*)map_file(sock, 4 * 4096, MAP_SHARED, 0);

  test_daemon();
  test_waitsig();

  expect_eq(frame->tp_status, TP_STATUS_KERNEL);
  int udp = bound_socket(SOCK_DGRAM, &at);
  must(sendto(udp, "x", 1, 0, (struct sockaddr*)&at, sizeof(at)));
  expect_eq(poll(&(struct pollfd){.fd = sock, .events = POLLIN}, 1, 1000), 1);
  expect(frame->tp_status & TP_STATUS_USER);
  pass();
}
