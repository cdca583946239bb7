/* zdtm:
 * title: connect to a listener with a full queue keeps what is left of SO_SNDTIMEO
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "blocked.h"
#include "check.h"

static int listener, waiting;

static int client(void) {
  struct sockaddr_un name;
  socklen_t size = sizeof name;
  int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
  must(getsockname(listener, (void*)&name, &size));
  if (!waiting) {
    must(connect(fd, (void*)&name, size));
    return fd;
  }
  struct timeval tv = {waiting / 1000, waiting % 1000 * 1000};
  must(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv));
  return connect(fd, (void*)&name, size);
}

static long call(struct blocked* b) {
  waiting = b->ms;
  return client();
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct blocked b = {.call = call, .ms = 4000, .slack_ms = kWheelSlackMs};
  struct sockaddr_un autobind = {.sun_family = AF_UNIX};
  listener = must(socket(AF_UNIX, SOCK_STREAM, 0));
  must(bind(listener, (void*)&autobind, offsetof(struct sockaddr_un, sun_path)));
  must(listen(listener, 0));
  client();
  blocked_start(&b);
  test_daemon();
  test_waitsig();
  if (!blocked_check(&b, -1, EAGAIN)) pass();
  return 0;
}
