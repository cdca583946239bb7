/* zdtm:
 * title: POSIX message queues: name, attributes, owner, messages in order; descriptors of several modes, after the unlink too
 */
#define _GNU_SOURCE
#include <mqueue.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check.h"
#include "descriptors.h"

static void receive(int queue, const char* text, unsigned wanted) {
  char got[64] = "";
  unsigned priority = ~0u;
  expect_eq(mq_receive(queue, got, sizeof(got), &priority), strlen(text));
  expect(!strcmp(got, text));
  expect_eq(priority, wanted);
}

int main(int argc, char** argv) {
  char name[64], gone[64];
  struct stat before, after;
  struct mq_attr attr = {.mq_maxmsg = 5, .mq_msgsize = 64};
  test_init(argc, argv);
  snprintf(name, sizeof(name), "/zdtm-mqueue-%d", getpid());
  snprintf(gone, sizeof(gone), "/zdtm-mqueue-gone-%d", getpid());
  mq_unlink(name); /* of a run that failed */
  mq_unlink(gone);
  int queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0640, &attr);
  if (queue < 0) skip("no POSIX message queues here: %s", strerror(errno));
  queue = move_fd(queue, 77);
  must(fchown(queue, 3, 4));
  must(mq_send(queue, "low", 3, 0));
  must(mq_send(queue, "high", 4, 9));
  must(mq_send(queue, "low again", 9, 0));
  must(mq_send(queue, "", 0, 5));
  must(mq_send(queue, "high again", 10, 9)); /* it is full now */
  int reader = move_fd(must(mq_open(name, O_RDONLY | O_NONBLOCK)), 78);
  must(fstat(queue, &before));
  attr.mq_maxmsg = 2;
  int nameless = move_fd(must(mq_open(gone, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr)), 79);
  must(mq_unlink(gone));
  must(mq_send(nameless, "queued", 6, 3));

  test_daemon();
  test_waitsig();

  must(mq_getattr(queue, &attr));
  expect(attr.mq_maxmsg == 5 && attr.mq_msgsize == 64 && attr.mq_curmsgs == 5 && attr.mq_flags == 0);
  must(mq_getattr(reader, &attr));
  expect_eq(attr.mq_flags, O_NONBLOCK);
  must(fstat(queue, &after));
  expect(after.st_uid == before.st_uid && after.st_gid == before.st_gid && after.st_mode == before.st_mode);
  receive(reader, "high", 9);
  receive(queue, "high again", 9);
  receive(reader, "", 5);
  receive(queue, "low", 0);
  int again = must(mq_open(name, O_RDWR));
  receive(again, "low again", 0);
  expect_errno(mq_send(reader, "x", 1, 0), EBADF);
  must(mq_unlink(name));
  receive(nameless, "queued", 3);
  expect_errno(mq_receive(nameless, name, 64, NULL), EAGAIN);
  expect_errno(mq_open(gone, O_RDWR), ENOENT);
  must(mq_getattr(nameless, &attr));
  expect_eq(attr.mq_maxmsg, 2);
  pass();
}
