/* zdtm:
 * title: an inotify descriptor with an unread event is refused by name; watch and event are still there
 * refuse: fd 77 (anon_inode:inotify)
 */
#define _GNU_SOURCE
#include <sys/inotify.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char buffer[4096];
  struct inotify_event* event = (struct inotify_event*)buffer;
  test_init(argc, argv);
  int fd = move_fd(must(inotify_init1(IN_NONBLOCK)), 77), watch = must(inotify_add_watch(fd, ".", IN_CREATE));
  close(make_file("one", 1, 1));

  test_daemon();
  test_waitsig();

  must(read(fd, buffer, sizeof(buffer)));
  expect(event->wd == watch && strcmp(event->name, "one") == 0);
  close(make_file("two", 1, 1));
  must(read(fd, buffer, sizeof(buffer)));
  expect(event->wd == watch && strcmp(event->name, "two") == 0);
  expect_errno(read(fd, buffer, sizeof(buffer)), EAGAIN);
  pass();
}
