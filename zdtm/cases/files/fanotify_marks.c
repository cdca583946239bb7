/* zdtm:
 * title: a fanotify group with marks on a file, a directory with its children; an ignored mask
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <sys/fanotify.h>
#include <sys/stat.h>

#include "check.h"
#include "descriptors.h"

static void next(int group, uint64_t mask, const char* path) {
  char link[64], name[4096];
  struct stat one, two;
  struct fanotify_event_metadata event;
  expect_eq(read(group, &event, sizeof(event)), sizeof(event));
  expect_eq(event.mask, mask);
  snprintf(link, sizeof(link), "/proc/self/fd/%d", event.fd);
  ssize_t n = must(readlink(link, name, sizeof(name) - 1));
  name[n] = 0;
  must(fstat(event.fd, &one));
  must(stat(path, &two));
  expect(one.st_ino == two.st_ino && one.st_dev == two.st_dev);
  expect_eq(fcntl(event.fd, F_GETFL) & O_ACCMODE, O_RDWR);
  close(event.fd);
}

int main(int argc, char** argv) {
  struct fanotify_event_metadata event;
  char flags[64];
  test_init(argc, argv);
  close(make_file("watched", 1, 1));
  close(make_file("ignored", 1, 1));
  must(mkdir("dir", 0700));
  close(make_file("dir/child", 1, 1));
  int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_UNLIMITED_MARKS, O_RDWR | O_LARGEFILE);
  if (fd < 0) skip("fanotify_init: %s", strerror(errno));
  move_fd(fd, 77);
  must(fanotify_mark(77, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, "watched"));
  must(fanotify_mark(77, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, "dir"));
  must(fanotify_mark(77, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, "ignored"));
  must(fanotify_mark(77, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_CLOSE_WRITE,
                     AT_FDCWD, "ignored"));
  snprintf(flags, sizeof(flags), "%s", fdinfo_line(77, "fanotify flags:"));

  test_daemon();
  test_waitsig();

  expect(strcmp(fdinfo_line(77, "fanotify flags:"), flags) == 0);
  close(must(open("watched", O_WRONLY)));
  next(77, FAN_CLOSE_WRITE, "watched");
  close(must(open("dir/child", O_RDONLY)));
  next(77, FAN_OPEN, "dir/child");
  close(must(open("ignored", O_WRONLY)));
  close(must(open("watched", O_RDONLY)));
  expect_errno(read(77, &event, sizeof(event)), EAGAIN);
  pass();
}
