/* zdtm:
 * title: a fanotify descriptor is refused by name; its mark still works
 * refuse: fd 77 (anon_inode:[fanotify])
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
  move_fd(fd, 77);
  must(fanotify_mark(77, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, "watched"));

  test_daemon();
  test_waitsig();

  close(must(open("watched", O_WRONLY)));
  expect_eq(read(77, &event, sizeof(event)), sizeof(event));
  expect(event.mask & FAN_CLOSE_WRITE);
  pass();
}
