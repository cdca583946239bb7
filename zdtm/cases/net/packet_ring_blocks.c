/* zdtm:
 * title: receive rings of packet sockets, of blocks (TPACKET_V3): blocks not yet read, one that is being filled
 * network: own
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include "packet_ring.h"

enum { kRings = 4, kSoon = 20, kLate = 60000, kInBlock = 80 /* about */ };

static const struct {
  int timeout, taken, left; /* packets: in blocks that are read, in the ring */
} kKinds[kRings] = {
    {kSoon, 0, 0},             /* new */
    {kLate, 5 * kInBlock, 30}, /* more than once round; the last ones in a block that is open */
    {kSoon, 3, 7},             /* ended by time */
    {kLate, 0, 2 * kInBlock},
};
static struct ring rings[kRings];

/* Reads blocks until packet `end` has been; packets are numbered from `first` on. Returns the number of the next one. */
static int take(struct ring* r, int first, int end) {
  while (first < end) first += ring_take_block(r, first);
  return first;
}

static int is_ready(struct ring* r) {
  struct tpacket_block_desc* block = (void*)(r->at + r->next * kRingBlock);
  return __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

int main(int argc, char** argv) {
  int sent[kRings] = {0}, taken[kRings] = {0};
  test_init(argc, argv);
  for (int n = 0; n < kRings; ++n) {
    ring_open(&rings[n], TPACKET_V3, 0x9990 + n, kKinds[n].timeout);
    while (sent[n] < kKinds[n].taken) {
      ring_send(&rings[n], sent[n]++);
      if (is_ready(&rings[n])) taken[n] += ring_take_block(&rings[n], taken[n]);
    }
    if (kKinds[n].timeout == kSoon) taken[n] = take(&rings[n], taken[n], sent[n]);
    for (int i = 0; i < kKinds[n].left; ++i) ring_send(&rings[n], sent[n]++);
  }

  test_daemon();
  test_waitsig();

  /* What was in a block that was open has been handed out. */
  for (int n = 0; n < kRings; ++n) {
    taken[n] = take(&rings[n], taken[n], sent[n]);
    expect_eq(taken[n], sent[n]);
  }
  for (int n = 0; n < kRings; ++n) {
    for (int i = 0; i < 6 * kInBlock; ++i) {
      ring_send(&rings[n], sent[n]++);
      if (is_ready(&rings[n])) taken[n] += ring_take_block(&rings[n], taken[n]);
    }
    expect(sent[n] - taken[n] < 2 * kInBlock);
    if (kKinds[n].timeout == kSoon) expect_eq(take(&rings[n], taken[n], sent[n]), sent[n]);
  }
  pass();
}
