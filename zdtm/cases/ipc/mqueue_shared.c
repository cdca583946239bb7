/* zdtm:
 * title: a message queue between two processes, one of which waits for a message
 */
#define _GNU_SOURCE
#include <mqueue.h>
#include <stdio.h>
#include <sys/wait.h>

#include "check.h"
#include "proc.h"

int main(int argc, char** argv) {
  char name[64], got[8];
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
  test_init(argc, argv);
  snprintf(name, sizeof(name), "/zdtm-shared-%d", getpid());
  mq_unlink(name); /* of a run that failed */
  int queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  if (queue < 0) skip("no POSIX message queues here: %s", strerror(errno));
  pid_t pid = must(fork());
  if (pid == 0) {
    unsigned priority = 0;
    _exit(mq_receive(queue, got, sizeof(got), &priority) == 5 && priority == 7 && !memcmp(got, "hello", 5) ? 42 : 1);
  }
  wait_for_state(pid, 'S');

  test_daemon();
  test_waitsig();

  int status = 0;
  expect_eq(waitpid(pid, &status, WNOHANG), 0);
  must(mq_send(queue, "hello", 5, 7));
  expect_eq(waitpid(pid, &status, 0), pid);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 42);
  must(mq_unlink(name));
  pass();
}
