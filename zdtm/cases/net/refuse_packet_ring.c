/* zdtm:
 * title: a packet socket with a ring for sending is refused by name
 * refuse: a ring for sending
 * network: own
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "check.h"
#include "mapping.h"

int main(int argc, char** argv) {
  struct tpacket_req ring = {.tp_block_size = 4096, .tp_block_nr = 4, .tp_frame_size = 2048, .tp_frame_nr = 8};
  test_init(argc, argv);
  int sock = must(socket(AF_PACKET, SOCK_RAW, 0));
  must(setsockopt(sock, SOL_PACKET, PACKET_TX_RING, &ring, sizeof(ring)));
  struct tpacket_hdr* frame = (struct tpacket_hdr*)map_file(sock, 4 * 4096, MAP_SHARED, 0);

  test_daemon();
  test_waitsig();

  expect_eq(frame->tp_status, TP_STATUS_AVAILABLE);
  pass();
}
