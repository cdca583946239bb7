/* zdtm:
 * title: options of unix sockets: buffer sizes, timeouts, passing credentials, priority, mark, peek offset
 */
#define _GNU_SOURCE
#include <sys/time.h>

#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  static const struct option {
    int name, value;
  } kOptions[] = {
      {SO_SNDBUF, 30000}, {SO_RCVBUF, 40000}, {SO_PASSCRED, 1}, {SO_PASSSEC, 1},  {SO_KEEPALIVE, 1},
      {SO_PRIORITY, 5},   {SO_MARK, 77},      {SO_PEEK_OFF, 3}, {SO_RCVLOWAT, 4}, {SO_OOBINLINE, 1},
  };
  enum { kCount = sizeof(kOptions) / sizeof(kOptions[0]) };
  int s[2], set[kCount], plain[kCount];
  struct timeval receive = {12, 340000}, send = {56, 780000}, got;
  test_init(argc, argv);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
  for (int i = 0; i < kCount; i++) {
    if (setsockopt(s[0], SOL_SOCKET, kOptions[i].name, &kOptions[i].value, sizeof(int)))
      test_msg("option %d: %s", kOptions[i].name, strerror(errno)); /* not every kernel takes each of them here */
    set[i] = socket_option(s[0], kOptions[i].name);
    plain[i] = socket_option(s[1], kOptions[i].name);
  }
  must(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof(receive)));
  must(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &send, sizeof(send)));

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    int is = socket_option(s[0], kOptions[i].name), other = socket_option(s[1], kOptions[i].name);
    if (is != set[i]) die("option %d is %d, was %d", kOptions[i].name, is, set[i]);
    if (other != plain[i]) die("option %d of the peer is %d, was %d", kOptions[i].name, other, plain[i]);
  }
  socklen_t len = sizeof(got);
  must(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len));
  expect(got.tv_sec == 12 && got.tv_usec / 10000 == 34);
  must(getsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &got, &len));
  expect(got.tv_sec == 56 && got.tv_usec / 10000 == 78);
  pass();
}
