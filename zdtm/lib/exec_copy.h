/* A child that runs a copy of the case's own program: for cases about the program file itself. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "waiting_child.h"

static const char kCopyMark[] = "zdtm-exec-copy";

/* Is this the copy? Asked first in main(), before test_init(). */
static inline int is_exec_copy(int argc, char** argv) { return argc == 2 && strcmp(argv[1], kCopyMark) == 0; }

static inline void copy_program(int to) {
  struct stat st;
  int from = must(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  must(fstat(from, &st));
  if (must(sendfile(to, from, NULL, st.st_size)) != st.st_size) die("short copy of the program");
  close(from);
}

/* In the copy: says ready by closing descriptor 50, then sleeps until SIGTERM. */
static volatile sig_atomic_t copy_told;
static inline void copy_on_sigterm(int sig) { copy_told = sig; }
static inline void copy_wait(void) {
  sigset_t term, none;
  struct sigaction sa = {.sa_handler = copy_on_sigterm};
  sigemptyset(&none);
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL);
  sigaction(SIGTERM, &sa, NULL);
  close(50);
  while (!copy_told) sigsuspend(&none);
}

/* Runs program (an open descriptor of the copy, close-on-exec) and returns when the child is in copy_wait(). */
static inline pid_t exec_copy(int program) {
  int ready[2];
  char byte;
  must(pipe2(ready, O_CLOEXEC));
  pid_t pid = must(fork());
  if (pid == 0) {
    char *argv[] = {"copy", (char*)kCopyMark, NULL}, *env[] = {NULL};
    must(dup2(ready[1], 50));
    fexecve(program, argv, env);
    die("cannot run the copy: %s", strerror(errno));
  }
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 0) die("the copy did not get ready");
  close(ready[0]);
  return pid;
}
