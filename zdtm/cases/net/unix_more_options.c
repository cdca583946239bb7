/* zdtm:
 * title: options of newer kernels and of time stamps, on sockets with and without a filter that is locked
 * network: own
 */
#define _GNU_SOURCE
#include <linux/filter.h>

#include "unix_name.h"

int main(int argc, char** argv) {
  /* SO_PASSPIDFD, SO_PASSRIGHTS, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_OLD, SO_RXQ_OVFL, SO_SELECT_ERR_QUEUE,
   * SO_RCVMARK, SO_RCVPRIORITY, SO_LOCK_FILTER */
  static const struct option {
    int name, value;
  } kOptions[] = {{76, 1}, {83, 0}, {64, 1}, {37, 0x18}, {40, 1}, {45, 1}, {75, 1}, {82, 1}, {44, 1}};
  enum { kCount = sizeof(kOptions) / sizeof(kOptions[0]) };
  int s[2], set[kCount], plain[kCount], taken = 0;
  struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0xffff)};
  struct sock_fprog program = {1, all};
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
  must(setsockopt(s[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
  for (int i = 0; i < kCount; i++) {
    if (setsockopt(s[0], SOL_SOCKET, kOptions[i].name, &kOptions[i].value, sizeof(int)))
      test_msg("option %d: %s", kOptions[i].name, strerror(errno)); /* not every kernel has each of them */
    else
      taken++;
  }
  for (int i = 0; i < kCount; i++) {
    socklen_t size = sizeof(int);
    set[i] = plain[i] = -1;
    getsockopt(s[0], SOL_SOCKET, kOptions[i].name, &set[i], &size);
    getsockopt(s[1], SOL_SOCKET, kOptions[i].name, &plain[i], &size);
  }
  expect(taken >= 5);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    int is = -1, other = -1;
    socklen_t size = sizeof(int);
    getsockopt(s[0], SOL_SOCKET, kOptions[i].name, &is, &size);
    getsockopt(s[1], SOL_SOCKET, kOptions[i].name, &other, &size);
    if (is != set[i]) die("option %d is %d, was %d", kOptions[i].name, is, set[i]);
    if (other != plain[i]) die("option %d of the peer is %d, was %d", kOptions[i].name, other, plain[i]);
  }
  expect_errno(setsockopt(s[0], SOL_SOCKET, SO_DETACH_FILTER, &taken, sizeof(taken)), EPERM);
  pass();
}
