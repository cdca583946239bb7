/* zdtm:
 * title: msgrcv on an empty queue and msgsnd to a full one wait on
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/msg.h>

#include "blocked.h"
#include "check.h"

struct message {
  long type;
  char text[8];
};
static int empty, full;

static long receive(struct blocked* b) {
  struct message m;
  (void)b;
  return msgrcv(empty, &m, sizeof m.text, 0, 0) == 3 ? m.type : -1;
}

static long send_one(struct blocked* b) {
  struct message m = {.type = 5};
  (void)b;
  return msgsnd(full, &m, 8, 0);
}

int main(int argc, char** argv) {
  struct message m = {.type = 4};
  struct msqid_ds state;
  struct blocked receiver = {.call = receive}, sender = {.call = send_one};
  test_init(argc, argv);
  empty = msgget(IPC_PRIVATE, 0600);
  if (empty < 0) skip("no System V message queues here: %s", strerror(errno));
  full = must(msgget(IPC_PRIVATE, 0600));
  must(msgctl(full, IPC_STAT, &state));
  state.msg_qbytes = 8;
  must(msgctl(full, IPC_SET, &state));
  must(msgsnd(full, &m, 8, 0));
  blocked_start(&receiver);
  blocked_start(&sender);

  test_daemon();
  test_waitsig();

  int failed = blocked_still(&receiver) || blocked_still(&sender);
  if (!failed) {
    m.type = 6;
    must(msgsnd(empty, &m, 3, 0));
    expect_eq(msgrcv(full, &m, 8, 0, 0), 8);
    expect_eq(m.type, 4);
    failed = blocked_check(&receiver, 6, 0) || blocked_check(&sender, 0, 0);
    expect_eq(msgrcv(full, &m, 8, 0, IPC_NOWAIT), 8);
    expect_eq(m.type, 5);
  }
  must(msgctl(empty, IPC_RMID, NULL));
  must(msgctl(full, IPC_RMID, NULL));
  if (!failed) pass();
}
