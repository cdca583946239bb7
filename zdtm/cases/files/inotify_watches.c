/* zdtm:
 * title: inotify: watches of a directory and a file with their numbers and masks; no event comes of the restore
 * itself
 */
#define _GNU_SOURCE
#include <sys/inotify.h>

#include "check.h"
#include "descriptors.h"

/* The next event must be of this watch and kind. */
static void expect_event(int fd, int watch, uint32_t mask, const char* name) {
  union {
    struct inotify_event event;
    char space[sizeof(struct inotify_event) + 256];
  } got;
  must(read(fd, &got, sizeof(got)));
  expect_eq(got.event.wd, watch);
  expect_eq(got.event.mask, mask);
  if (name) expect(strcmp(got.event.name, name) == 0);
}

int main(int argc, char** argv) {
  char space[512];
  test_init(argc, argv);
  must(mkdir("dir", 0755));
  close(make_file("file", 10, 1));
  int fd = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  int gone = must(inotify_add_watch(fd, ".", IN_CREATE)),
      dir = must(inotify_add_watch(fd, "dir", IN_CREATE | IN_ONLYDIR));
  int file = must(inotify_add_watch(fd, "file", IN_MODIFY | IN_ONESHOT));
  must(inotify_rm_watch(fd, gone)); /* leaves a gap in the numbers, and an event */
  expect_event(fd, gone, IN_IGNORED, NULL);

  test_daemon();
  test_waitsig();

  expect_errno(read(fd, space, sizeof(space)), EAGAIN);
  close(make_file("dir/new", 1, 1));
  expect_event(fd, dir, IN_CREATE, "new");
  close(must(open("other", O_CREAT | O_WRONLY, 0644))); /* not watched */
  int writer = must(open("file", O_WRONLY));
  write_text(writer, "x");
  int n = must(read(fd, space, sizeof(space)));
  struct inotify_event* event = (struct inotify_event*)space;
  expect(event->wd == file && event->mask == IN_MODIFY);
  expect_eq(n, 2 * sizeof(*event)); /* the one-shot watch ends with it: IN_IGNORED follows at once */
  expect_eq(event[1].mask, IN_IGNORED);
  write_text(writer, "y");
  expect_errno(read(fd, space, sizeof(space)), EAGAIN);
  pass();
}
