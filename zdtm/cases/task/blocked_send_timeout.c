/* zdtm:
 * title: send on a full socket with SO_SNDTIMEO keeps its remaining time
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "blocked.h"
#include "check.h"

static int fds[2];

static long call(struct blocked* b) {
  struct timeval tv = {b->ms / 1000, b->ms % 1000 * 1000};
  static char block[4096];
  while (send(fds[0], block, sizeof block, MSG_DONTWAIT) > 0)
    ;
  must(setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
  return send(fds[0], block, sizeof block, 0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct blocked b = {.call = call, .ms = 4000, .slack_ms = kWheelSlackMs};
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  blocked_start(&b);
  test_daemon();
  test_waitsig();
  if (!blocked_check(&b, -1, EAGAIN)) pass();
  return 0;
}
