/* zdtm:
 * title: a fanotify group with an event that nobody has read is refused by name; the event is still there
 * refuse: bytes of events wait in it
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <sys/fanotify.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct fanotify_event_metadata event;
  test_init(argc, argv);
  close(make_file("watched", 1, 1));
  int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
  if (fd < 0) skip("fanotify_init: %s", strerror(errno));
  must(fanotify_mark(fd, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, "watched"));
  close(must(open("watched", O_WRONLY)));

  test_daemon();
  test_waitsig();

  expect_eq(read(fd, &event, sizeof(event)), sizeof(event));
  expect(event.mask & FAN_CLOSE_WRITE);
  pass();
}
