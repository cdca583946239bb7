/* zdtm:
 * title: receive rings of packet sockets, of frames: packets not yet read are there, and the kernel goes on where it was
 * network: own
 * needs: cap:NET_RAW
 */
#define _GNU_SOURCE
#include "packet_ring.h"

enum { kRings = 5 };

static const struct {
  int version, sent, taken;
} kKinds[kRings] = {
    {TPACKET_V1, 0, 0},                                     /* new */
    {TPACKET_V1, 5, 3},                                     /* the first time round */
    {TPACKET_V2, 2 * kRingFrames + 7, 2 * kRingFrames + 2}, /* the third */
    {TPACKET_V2, kRingFrames + 3, kRingFrames + 3},         /* all read */
    {TPACKET_V1, kRingFrames + 4, 4},                       /* full */
};

int main(int argc, char** argv) {
  struct ring rings[kRings];
  test_init(argc, argv);
  for (int n = 0; n < kRings; ++n) {
    ring_open(&rings[n], kKinds[n].version, 0x9990 + n, 0);
    for (int i = 0; i < kKinds[n].sent; ++i) {
      ring_send(&rings[n], i);
      if (i < kKinds[n].taken) expect_eq(ring_take(&rings[n]), i);
    }
  }

  test_daemon();
  test_waitsig();

  for (int n = 0; n < kRings; ++n) {
    for (int i = kKinds[n].taken; i < kKinds[n].sent; ++i) expect_eq(ring_take(&rings[n]), i);
    for (int i = 0; i < 2 * kRingFrames + 3; ++i) {
      ring_send(&rings[n], 1000 + i);
      expect_eq(poll(&(struct pollfd){.fd = rings[n].sock, .events = POLLIN}, 1, 1000), 1);
      expect_eq(ring_take(&rings[n]), 1000 + i);
    }
  }
  pass();
}
