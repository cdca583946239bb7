/* zdtm:
 * title: a segment that a process outside of the tree has attached too is refused by the name of that process
 * refuse: outside of the tree, has it attached
 * outside: the other user would be in the tree
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include "check.h"
#include "child.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  struct shmid_ds state;
  test_init(argc, argv);
  int id = shmget(IPC_PRIVATE, PAGE_BYTES, IPC_CREAT | 0600);
  if (id < 0) skip("no System V shared memory here: %s", strerror(errno));
  char* mem = must(shmat(id, NULL, 0));
  must(shmctl(id, IPC_RMID, NULL));
  volatile pid_t* outsider = shared_memory(sizeof(*outsider));
  pid_t between = must(fork());
  if (between == 0) { /* its child is an orphan: no longer of this tree */
    pid_t pid = fork();
    if (pid == 0)
      for (;;) pause();
    *outsider = pid;
    _exit(0);
  }
  must(waitpid(between, NULL, 0));

  test_daemon();
  test_waitsig();

  must(shmctl(id, IPC_STAT, &state));
  expect_eq(state.shm_nattch, 2);
  mem[0] = 1;
  must(kill(*outsider, SIGKILL));
  pass();
}
