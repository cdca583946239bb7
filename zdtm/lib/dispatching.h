/* A child whose selector blocks system calls while the tree is dumped: it spins, and makes the blocked call when it
 * is told to. */
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "child.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

/* Shared memory, so that the parent ends the computation. */
static volatile struct {
  unsigned char selector;
  int ready, go, caught;
} * shared;

static void handler(int sig, siginfo_t* info, void* context) {
  (void)sig;
  (void)context;
  shared->selector = 0;
  shared->caught = info->si_syscall;
}

static inline int dispatching_case(int argc, char** argv) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

  test_init(argc, argv);
  shared = shared_memory(4096);
  pid_t pid = fork();
  if (!pid) {
    sigaction(SIGSYS, &sa, NULL);
    if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &shared->selector)) _exit(99);
    shared->selector = 1;
    shared->ready = 1;
    while (!shared->go)
      ;
    syscall(SYS_getpriority, 0, 0);
    _exit(shared->caught == SYS_getpriority ? 0 : 1);
  }
  for (int i = 0; i < 2000 && !shared->ready; i++) usleep(1000);
  if (!shared->ready) skip("PR_SET_SYSCALL_USER_DISPATCH does not work");
  test_daemon();
  test_waitsig();
  shared->go = 1;
  if (!expect_exit(pid, 0)) pass();
  return 0;
}
