/* zdtm:
 * title: a message queue with its messages in order, of several types, an empty one and a large one among them
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/msg.h>

#include "check.h"

enum { kLarge = 6000 };
struct message {
  long type;
  char text[kLarge];
};

int main(int argc, char** argv) {
  static struct message m;
  test_init(argc, argv);
  key_t key = 0x5d000000 | getpid();
  msgctl(msgget(key, 0), IPC_RMID, NULL); /* of a run that failed */
  int id = msgget(key, IPC_CREAT | IPC_EXCL | 0622);
  if (id < 0) skip("no System V message queues here: %s", strerror(errno));
  for (int i = 0; i < 5; ++i) {
    m.type = i == 3 ? 1 : 7;
    must(msgsnd(id, &m, sprintf(m.text, "message %d", i), IPC_NOWAIT));
  }
  m.type = 9;
  fill_pattern(m.text, kLarge, 4);
  must(msgsnd(id, &m, kLarge, IPC_NOWAIT));
  must(msgsnd(id, &m, 0, IPC_NOWAIT));
  struct msqid_ds state;
  must(msgctl(id, IPC_STAT, &state));
  state.msg_qbytes = 9000;
  must(msgctl(id, IPC_SET, &state));

  test_daemon();
  test_waitsig();

  expect_eq(msgget(key, 0), id);
  must(msgctl(id, IPC_STAT, &state));
  expect_eq(state.msg_qnum, 7);
  expect_eq(state.msg_qbytes, 9000);
  expect_eq(state.msg_perm.mode, 0622);
  expect_eq(msgrcv(id, &m, kLarge, 1, IPC_NOWAIT), 9);
  expect(!memcmp(m.text, "message 3", 9));
  for (int i = 0; i < 5; ++i) {
    if (i == 3) continue;
    char wanted[16];
    expect_eq(msgrcv(id, &m, kLarge, 0, IPC_NOWAIT), sprintf(wanted, "message %d", i));
    expect_eq(m.type, 7);
    expect(!memcmp(m.text, wanted, 9));
  }
  expect_eq(msgrcv(id, &m, kLarge, 0, IPC_NOWAIT), kLarge);
  expect(!check_pattern(m.text, kLarge, 4));
  expect_eq(msgrcv(id, &m, kLarge, 0, IPC_NOWAIT), 0);
  expect_eq(m.type, 9);
  must(msgctl(id, IPC_RMID, NULL));
  pass();
}
