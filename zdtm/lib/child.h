/* Children of a case that set something up, wait through dump and restore, and check it themselves. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "zdtm.h"

/* Zeroed memory shared with children forked later. */
void* shared_memory(size_t size);

struct child {
  int (*setup)(void* arg); /* 0: fine */
  int (*check)(void* arg); /* 0: fine; its result is the exit code */
  void* arg;
  pid_t pid;
  zdtm_event_t* told; /* [0] the child is set up, [1] it may check */
};

/* Forks; returns when the child's setup is done. */
void child_start(struct child* c);
/* Lets it check; 0 when all is well, else fail() was called. */
int child_finish(struct child* c);
/* waitpid() that fails the case unless the child exited with `code`. */
int expect_exit(pid_t pid, int code);
