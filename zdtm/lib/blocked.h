/* A thread that sits in one blocking system call while the case is dumped and restored.
 *
 * With a time limit the call's total time is checked too: it must be at least `ms`, and at most `ms` plus what the
 * process was frozen or off the CPU plus a slack. A second thread measures the frozen time. blocked_start() lets
 * 600 ms of it pass before it returns, so a call that is restarted with its full time is clearly too long. The limit
 * must leave time for some rounds of dump and restore (--iters). */
#pragma once

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

/* A timeout of a socket is one of the timer wheel, which is up to 256 ms late at 4 s (HZ=250). */
enum { kWheelSlackMs = 510 };

struct blocked {
  long (*call)(struct blocked* b); /* the call under test; its result and errno are kept */
  void* arg;
  int ms;       /* its time limit; 0: sleeps until it is woken */
  int by_realtime; /* the limit is a time of CLOCK_REALTIME, which goes on while the case is in its images */
  int slack_ms; /* how much later it may end; 0: 250 */

  pid_t tid;
  long result;
  int error;
  int64_t began_ns, ended_ns, frozen_ns;
  volatile int done;
  pthread_t thread, ticker;
};

int64_t now_ns(clockid_t clock);
void sleep_ms(int ms);

/* Returns when the thread is asleep in the call (and 600 ms of its time are over). */
void blocked_start(struct blocked* b);
/* Waits for its end, checks result, errno (if result is -1) and time; 0 when all is well, else fail() was called. */
int blocked_check(struct blocked* b, long result, int error);
/* 0 while the call is still waiting; fails the case when it came back before it should. */
int blocked_still(struct blocked* b);
