/* zdtm:
 * title: a POSIX message queue is refused by name; its message is still there
 * refuse: message queue
 */
#define _GNU_SOURCE
#include <mqueue.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  char name[64], got[64];
  struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = sizeof(got)};
  test_init(argc, argv);
  snprintf(name, sizeof(name), "/zdtm-refuse-mqueue-%d", getpid());
  int queue = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
  if (queue < 0) skip("no POSIX message queues here: %s", strerror(errno));
  must(mq_unlink(name)); /* it lives as long as it is open: nothing stays behind */
  queue = move_fd(queue, 77);
  must(mq_send(queue, "queued", 6, 3));

  test_daemon();
  test_waitsig();

  unsigned priority = 0;
  expect_eq(mq_receive(queue, got, sizeof(got), &priority), 6);
  expect(memcmp(got, "queued", 6) == 0 && priority == 3);
  pass();
}
