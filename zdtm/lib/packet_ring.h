/* The receive ring of a packet socket, as a program reads it: packets of a protocol of its own over the loopback interface,
 * each with a number. */
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "check.h"

enum { kRingBlocks = 4, kRingBlock = 8192, kRingFrame = 2048, kRingFrames = kRingBlocks * (kRingBlock / kRingFrame) };

struct ring {
  int version, protocol, sock;
  int next; /* frame, or block, that is read next */
  char* at;
};

static inline struct sockaddr_ll ring_address(const struct ring* r) {
  return (struct sockaddr_ll){.sll_family = AF_PACKET,
                              .sll_protocol = htons(r->protocol),
                              .sll_ifindex = if_nametoindex("lo"),
                              .sll_halen = ETH_ALEN};
}

/* `timeout`: after so many ms a block that holds a packet ends. */
static inline void ring_open(struct ring* r, int version, int protocol, int timeout) {
  struct tpacket_req3 want = {.tp_block_size = kRingBlock,
                              .tp_block_nr = kRingBlocks,
                              .tp_frame_size = kRingFrame,
                              .tp_frame_nr = kRingFrames,
                              .tp_retire_blk_tov = timeout};
  *r = (struct ring){.version = version, .protocol = protocol};
  const struct sockaddr_ll lo = ring_address(r);
  r->sock = must(socket(AF_PACKET, SOCK_DGRAM, 0));
  must(setsockopt(r->sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
  must(setsockopt(r->sock, SOL_PACKET, PACKET_RX_RING, &want,
                  version == TPACKET_V3 ? sizeof(want) : sizeof(struct tpacket_req)));
  r->at = must(mmap(NULL, kRingBlocks * kRingBlock, PROT_READ | PROT_WRITE, MAP_SHARED, r->sock, 0));
  must(bind(r->sock, (struct sockaddr*)&lo, sizeof(lo)));
}

static inline void ring_send(const struct ring* r, uint32_t number) {
  const struct sockaddr_ll lo = ring_address(r);
  int sock = must(socket(AF_PACKET, SOCK_DGRAM, 0));
  must(sendto(sock, &number, sizeof(number), 0, (struct sockaddr*)&lo, sizeof(lo)));
  close(sock);
}

static inline void ring_wait(const volatile uint32_t* status) {
  for (int i = 0; i < 30000 && !(*status & TP_STATUS_USER); ++i) usleep(100);
  if (!(*status & TP_STATUS_USER)) die("no packet in the ring");
}

/* Takes the next packet of a ring of frames. */
static inline uint32_t ring_take(struct ring* r) {
  char* frame = r->at + r->next * kRingFrame;
  uint32_t number;
  ring_wait((volatile uint32_t*)frame); /* the low half of the long of version 1 */
  const int net =
      r->version == TPACKET_V1 ? ((struct tpacket_hdr*)frame)->tp_net : ((struct tpacket2_hdr*)frame)->tp_net;
  memcpy(&number, frame + net, sizeof(number));
  if (r->version == TPACKET_V1)
    ((struct tpacket_hdr*)frame)->tp_status = TP_STATUS_KERNEL;
  else
    ((struct tpacket2_hdr*)frame)->tp_status = TP_STATUS_KERNEL;
  r->next = (r->next + 1) % kRingFrames;
  return number;
}

/* Takes the next block of version 3, which must hold the packets numbered from `first` on; returns how many. */
static inline int ring_take_block(struct ring* r, uint32_t first) {
  struct tpacket_block_desc* block = (void*)(r->at + r->next * kRingBlock);
  ring_wait(&block->hdr.bh1.block_status);
  char* packet = (char*)block + block->hdr.bh1.offset_to_first_pkt;
  const int count = block->hdr.bh1.num_pkts;
  for (int i = 0; i < count; ++i) {
    struct tpacket3_hdr* h = (void*)packet;
    uint32_t number;
    memcpy(&number, packet + h->tp_net, sizeof(number));
    expect_eq(number, first + i);
    packet += h->tp_next_offset;
  }
  block->hdr.bh1.block_status = TP_STATUS_KERNEL;
  r->next = (r->next + 1) % kRingBlocks;
  return count;
}
