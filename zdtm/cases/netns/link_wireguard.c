/* zdtm:
 * title: WireGuard devices with keys, peers, allowed addresses, endpoints and keepalive
 * needs: root tool:ip tool:wg link:wireguard link:veth
 */
#define _GNU_SOURCE
#include "netns.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_namespace_carried(
      "umask 77; d=$(mktemp -d) && ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.9.16.1/24 dev v0 &&"
      "wg genkey >$d/a && wg genkey >$d/b && wg genkey >$d/c && wg genpsk >$d/psk &&"
      "ip link add x0 mtu 1380 type wireguard && ip link add x1 type wireguard &&"
      "wg set x0 private-key $d/a listen-port 51820 fwmark 0x77 peer $(wg pubkey <$d/b) preshared-key $d/psk endpoint 10.9.16.2:4444"
      "  persistent-keepalive 25 allowed-ips 10.9.17.0/24,fd9b::/64,10.9.18.1/32 peer $(wg pubkey <$d/c) endpoint [fd9c::1]:5555 allowed-ips 0.0.0.0/0 &&"
      "for i in $(seq 1000); do echo 10.$((100 + i / 250)).$((i % 250)).0/24; done >$d/many &&"
      "wg set x1 private-key $d/b peer $(wg pubkey <$d/a) allowed-ips $(tr '\\n' , <$d/many | sed s/,$//) &&"
      "rm -r $d && ip link set x0 up && ip addr add 10.9.17.1/24 dev x0",
      "for d in x0 x1; do wg showconf $d; wg show $d fwmark; done");
}
