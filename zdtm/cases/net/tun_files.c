/* zdtm:
 * title: descriptors of /dev/net/tun: one without a device, of persistent devices with their settings, of several queues
 * network: own
 * needs: file:/dev/net/tun cap:NET_ADMIN
 */
#define _GNU_SOURCE
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "inet.h"

static int tun_open(int flags) {
  int fd = open("/dev/net/tun", O_RDWR | flags);
  if (fd < 0) skip("/dev/net/tun: %s", strerror(errno));
  return fd;
}

static void join(int fd, const char* name, int flags) {
  struct ifreq r = {.ifr_flags = flags};
  strcpy(r.ifr_name, name);
  must(ioctl(fd, TUNSETIFF, &r));
}

static struct ifreq device_of(int fd) {
  struct ifreq r = {0};
  must(ioctl(fd, TUNGETIFF, &r));
  return r;
}

static int setting(int fd, unsigned long request) {
  int value = -1;
  must(ioctl(fd, request, &value));
  return value;
}

/* A packet that the kernel sends out by the device comes to the reader, with or without a header before it. */
static void expect_packet(int fd, const char* device, size_t header) {
  struct ifreq r = {0};
  strcpy(r.ifr_name, device);
  int control = must(socket(AF_INET, SOCK_DGRAM, 0));
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("10.77.0.1")}, to = own;
  memcpy(&r.ifr_addr, &own, sizeof(own));
  must(ioctl(control, SIOCSIFADDR, &r));
  r.ifr_flags = IFF_UP | IFF_RUNNING;
  must(ioctl(control, SIOCSIFFLAGS, &r));
  to.sin_addr.s_addr = inet_addr("10.77.0.2");
  to.sin_port = htons(7);
  must(setsockopt(control, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1));
  must(sendto(control, "x", 1, 0, (struct sockaddr*)&to, sizeof(to)));
  unsigned char packet[256];
  do { /* the device greets with packets of IPv6 */
    expect_eq(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 2000), 1);
    expect(must(read(fd, packet, sizeof(packet))) > (ssize_t)header);
  } while (packet[header] >> 4 != 4);
}

int main(int argc, char** argv) {
  int queue[2], one = 1, two = 2, nine = 9999, header = 12;
  test_init(argc, argv);
  int none = tun_open(0), tun = tun_open(O_NONBLOCK), plain = tun_open(0);
  join(tun, "zdtmtun", IFF_TUN | IFF_VNET_HDR);
  must(ioctl(tun, TUNSETPERSIST, one));
  must(ioctl(tun, TUNSETVNETHDRSZ, &header));
  must(ioctl(tun, TUNSETSNDBUF, &nine));
  must(ioctl(tun, TUNSETVNETLE, &one));
  join(plain, "zdtmplain", IFF_TUN | IFF_NO_PI);
  must(ioctl(plain, TUNSETPERSIST, one));
  for (int i = 0; i < 2; i++) {
    queue[i] = tun_open(0);
    join(queue[i], "zdtmtap", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
  }
  must(ioctl(queue[0], TUNSETPERSIST, two));
  must(ioctl(queue[1], TUNSETQUEUE, &(struct ifreq){.ifr_flags = IFF_DETACH_QUEUE}));
  int fds[] = {tun, plain, queue[0], queue[1]};
  struct ifreq before[4];
  for (int i = 0; i < 4; i++) before[i] = device_of(fds[i]);

  test_daemon();
  test_waitsig();

  expect_errno(ioctl(none, TUNGETIFF, &(struct ifreq){0}), EBADFD);
  for (int i = 0; i < 4; i++) {
    struct ifreq now = device_of(fds[i]);
    expect(strcmp(now.ifr_name, before[i].ifr_name) == 0);
    expect_eq(now.ifr_flags, before[i].ifr_flags);
  }
  expect_eq(setting(tun, TUNGETVNETHDRSZ), 12);
  expect_eq(setting(tun, TUNGETSNDBUF), 9999);
  expect_eq(setting(tun, TUNGETVNETLE), 1);
  expect_eq(fcntl(tun, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  must(ioctl(queue[1], TUNSETQUEUE, &(struct ifreq){.ifr_flags = IFF_ATTACH_QUEUE}));
  expect_packet(plain, "zdtmplain", 0);
  expect_packet(tun, "zdtmtun", 12 + sizeof(struct tun_pi));
  join(none, "zdtmnew", IFF_TUN);
  pass();
}
