/* A few threads that each set something up, wait through dump and restore, and check it. */
#pragma once

#include <pthread.h>

#include "zdtm.h"

enum { kMaxThreads = 128 };

struct threads {
  int count;
  void (*setup)(int i);
  void (*check)(int i); /* calls fail() */
  pthread_t handle[kMaxThreads];
  pid_t tid[kMaxThreads];
  zdtm_event_t ready[kMaxThreads], go;
};

/* Returns when all are set up. One set of threads per case: the state is static. */
void threads_start(struct threads* t);
/* Lets them check and joins them. */
void threads_finish(struct threads* t);
