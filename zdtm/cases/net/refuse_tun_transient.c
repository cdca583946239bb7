/* zdtm:
 * title: a network device that goes with its descriptor is refused by name; it is still there
 * refuse: goes with its descriptors
 * network: own
 * needs: file:/dev/net/tun cap:NET_ADMIN
 */
#define _GNU_SOURCE
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = open("/dev/net/tun", O_RDWR);
  if (fd < 0) skip("/dev/net/tun: %s", strerror(errno));
  struct ifreq r = {.ifr_name = "zdtmtun", .ifr_flags = IFF_TUN};
  must(ioctl(fd, TUNSETIFF, &r));

  test_daemon();
  test_waitsig();

  must(ioctl(fd, TUNGETIFF, &r));
  expect(strcmp(r.ifr_name, "zdtmtun") == 0 && if_nametoindex("zdtmtun") != 0);
  pass();
}
