/* zdtm:
 * title: mq_timedreceive on an empty queue ends at the time it was given
 */
#define _GNU_SOURCE
#include <errno.h>
#include <mqueue.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "blocked.h"
#include "check.h"

static mqd_t queue;

static long call(struct blocked* b) {
  struct timespec at;
  char text[8];
  must(clock_gettime(CLOCK_REALTIME, &at));
  at.tv_sec += b->ms / 1000;
  return mq_timedreceive(queue, text, sizeof text, NULL, &at);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct blocked b = {.call = call, .ms = 4000, .by_realtime = 1};
  struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
  char name[64];
  snprintf(name, sizeof name, "/zdtm-%d", getpid());
  queue = must(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr));
  blocked_start(&b);
  test_daemon();
  test_waitsig();
  if (!blocked_check(&b, -1, ETIMEDOUT)) pass();
  mq_unlink(name);
  return 0;
}
