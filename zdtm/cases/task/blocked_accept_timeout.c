/* zdtm:
 * title: accept on a socket with SO_RCVTIMEO keeps its remaining time
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "blocked.h"
#include "check.h"

static int listener;

static long call(struct blocked* b) {
  struct timeval tv = {b->ms / 1000, b->ms % 1000 * 1000};
  must(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  return accept(listener, NULL, NULL);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct blocked b = {.call = call, .ms = 4000, .slack_ms = kWheelSlackMs};
  struct sockaddr_un autobind = {.sun_family = AF_UNIX};
  listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
  must(bind(listener, (void*)&autobind, offsetof(struct sockaddr_un, sun_path)));
  must(listen(listener, 1));
  blocked_start(&b);
  test_daemon();
  test_waitsig();
  if (!blocked_check(&b, -1, EAGAIN)) pass();
  return 0;
}
