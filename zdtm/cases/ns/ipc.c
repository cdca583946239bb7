/* zdtm:
 * title: an ipc namespace of its own: settings, objects that nobody uses, ids, a marked segment; a child that has another one
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <mqueue.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "check.h"
#include "pagemap.h"
#include "proc.h"
#include "waiting_child.h"

static int childs_set;
static char* mem;

static void own_namespace(void* arg) {
  (void)arg;
  must(shmdt(mem));
  must(unshare(CLONE_NEWIPC));
  childs_set = must(semget(0x11, 1, IPC_CREAT | IPC_EXCL | 0600));
  must(semctl(childs_set, 0, SETVAL, 5));
}
static void check_namespace(void* arg) {
  (void)arg;
  expect_eq(semget(0x11, 1, 0), childs_set);
  expect_eq(semctl(childs_set, 0, GETVAL), 5);
  expect_errno(shmget(0x22, 0, 0), ENOENT);
}

static int number_in(const char* path) {
  char text[64] = "";
  expect(read_file(path, text, sizeof(text)) > 0);
  return atoi(text);
}

int main(int argc, char** argv) {
  struct {
    long type;
    char text[8];
  } m = {3, "unread"};
  struct shmid_ds state;
  struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 8};
  test_init(argc, argv);
  if (unshare(CLONE_NEWIPC) != 0) skip("no ipc namespaces here: %s", strerror(errno));
  expect(write_file("/proc/sys/kernel/msgmni", "77") >= 0);
  expect(write_file("/proc/sys/fs/mqueue/queues_max", "19") >= 0);
  for (int i = 0; i < 3; ++i) must(shmctl(must(shmget(IPC_PRIVATE, 1, 0600)), IPC_RMID, NULL));
  int unused = must(shmget(0x22, 3 * PAGE_BYTES, IPC_CREAT | 0600));
  int marked = must(shmget(IPC_PRIVATE, 2 * PAGE_BYTES, 0600));
  mem = must(shmat(marked, NULL, 0));
  must(shmctl(marked, IPC_RMID, NULL));
  fill_pattern(mem, 2 * PAGE_BYTES, 6);
  int queue = must(msgget(0x33, IPC_CREAT | 0600));
  must(msgsnd(queue, &m, 6, 0));
  int set = must(semget(0x44, 2, IPC_CREAT | 0600));
  struct sembuf give = {1, 7, SEM_UNDO};
  must(semop(set, &give, 1));
  int posix = must(mq_open("/zdtm-own", O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
  must(mq_send(posix, "hello", 5, 2));
  pid_t child = waiting_child_start(own_namespace, check_namespace, NULL);

  test_daemon();
  test_waitsig();

  expect_eq(number_in("/proc/sys/kernel/msgmni"), 77);
  expect_eq(number_in("/proc/sys/fs/mqueue/queues_max"), 19);
  expect_eq(number_in("/proc/sys/kernel/shm_next_id"), -1);
  expect_eq(shmget(0x22, 0, 0), unused);
  expect(!check_pattern(mem, 2 * PAGE_BYTES, 6));
  must(shmctl(marked, IPC_STAT, &state));
  expect_eq(state.shm_perm.mode, 0600 | SHM_DEST);
  expect_eq(msgget(0x33, 0), queue);
  expect_eq(msgrcv(queue, &m, 8, 3, IPC_NOWAIT), 6);
  expect_eq(semget(0x44, 2, 0), set);
  expect_eq(semctl(set, 1, GETVAL), 7);
  expect_eq(semctl(set, 1, GETPID), getpid());
  expect_errno(semget(0x11, 1, 0), ENOENT);
  must(mq_getattr(posix, &attr));
  expect_eq(attr.mq_curmsgs, 1);
  must(mq_unlink("/zdtm-own"));
  waiting_child_finish(child);
  pass();
}
