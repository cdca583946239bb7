/* zdtm:
 * title: a message queue that is to notify a process is refused by name; the notification comes
 * refuse: is to be notified of its next message
 */
#define _GNU_SOURCE
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>

#include "check.h"

int main(int argc, char** argv) {
  char name[64];
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 4711};
  siginfo_t info;
  sigset_t set;
  test_init(argc, argv);
  snprintf(name, sizeof(name), "/zdtm-notify-%d", getpid());
  mq_unlink(name); /* of a run that failed */
  int queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  if (queue < 0) skip("no POSIX message queues here: %s", strerror(errno));
  must(mq_unlink(name));
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  must(sigprocmask(SIG_BLOCK, &set, NULL));
  must(mq_notify(queue, &event));

  test_daemon();
  test_waitsig();

  must(mq_send(queue, "x", 1, 0));
  expect_eq(sigwaitinfo(&set, &info), SIGUSR1);
  expect_eq(info.si_value.sival_int, 4711);
  pass();
}
