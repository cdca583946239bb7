/* Children of a case: they set up, wait together with the case, check, and tell the verdict by exit status.
 *
 * What child.h does with events in shared memory is done here by a signal and a pipe that is closed again: cases
 * about memory, descriptors and their sharing must be the only ones to add mappings and descriptors. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "check.h"

/* Forks a child that runs set_up (may be NULL), then waits; check runs when waiting_child_finish() is called and
 * ends the child by die() when something is wrong. Returns when set_up is done. */
static inline pid_t waiting_child_start(void (*set_up)(void*), void (*check)(void*), void* arg) {
  int ready[2];
  char byte = 0;
  must(pipe(ready));
  pid_t pid = must(fork());
  if (pid == 0) {
    close(ready[0]);
    if (set_up) set_up(arg);
    must(write(ready[1], &byte, 1));
    close(ready[1]);
    test_waitsig();
    check(arg);
    _exit(0);
  }
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 1) die("child %d did not get ready", pid);
  close(ready[0]);
  /* As long as the child has not closed its end, a look at its descriptors finds one too many. The end of the pipe does
   * not tell: children that it has may have inherited it. */
  char end[64];
  snprintf(end, sizeof end, "/proc/%d/fd/%d", pid, ready[1]);
  while (faccessat(AT_FDCWD, end, F_OK, AT_SYMLINK_NOFOLLOW) == 0) usleep(100);
  return pid;
}

/* Lets the child check and collects its verdict. */
static inline void waiting_child_finish(pid_t pid) {
  int status;
  must(kill(pid, SIGTERM));
  must(waitpid(pid, &status, 0));
  if (status != 0) die("child %d ended with status 0x%x", pid, status);
}
