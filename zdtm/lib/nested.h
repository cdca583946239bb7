/* Processes of a case in pid namespaces below its own: each sets something up, waits through dump and restore, and
 * checks that all of its numbers are what they were before it checks the rest. */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"
#include "child.h"
#include "fork_with_signal.h"

/* As /proc shows them: in the case's own namespace first, in the process's own last. */
struct numbers {
  char tgid[64], pid[64], group[64], session[64];
};

struct node {
  struct node_events {
    zdtm_event_t ready, go;
  } * events;
  struct numbers before;
  pid_t pid; /* as its maker knows it */
};

static inline void number_line(const char* text, const char* name, char* out, size_t size) {
  const char* at = strstr(text, name);
  if (!at) die("no %s in status", name);
  at += strlen(name);
  snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
}

static inline struct numbers own_numbers(void) {
  char text[8192];
  struct numbers n;
  int fd = must(open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC));
  ssize_t size = must(read(fd, text, sizeof text - 1));
  text[size] = 0;
  close(fd);
  number_line(text, "NStgid:\t", n.tgid, sizeof n.tgid);
  number_line(text, "NSpid:\t", n.pid, sizeof n.pid);
  number_line(text, "NSpgid:\t", n.group, sizeof n.group);
  number_line(text, "NSsid:\t", n.session, sizeof n.session);
  return n;
}

static inline void expect_numbers(const struct numbers* before) {
  struct numbers now = own_numbers();
  if (strcmp(now.pid, before->pid) || strcmp(now.tgid, before->tgid))
    die("the pids were %s (%s), are %s (%s)", before->pid, before->tgid, now.pid, now.tgid);
  if (strcmp(now.group, before->group)) die("the groups of %s were %s, are %s", now.pid, before->group, now.group);
  if (strcmp(now.session, before->session))
    die("the sessions of %s were %s, are %s", now.pid, before->session, now.session);
}

/* How many levels below the case's namespace the caller lives. */
static inline int own_depth(void) {
  struct numbers n = own_numbers();
  int depth = 0;
  for (const char* at = n.pid; *at; at++) depth += *at == '\t';
  return depth;
}

/* Like fork(2), with more flags of clone(2). */
static inline pid_t fork_with(unsigned long flags) { return must(fork_with_flags(flags, SIGCHLD)); }

/* Makes the process; returns when set_up (may be NULL) is done there. check (may be NULL) runs in node_finish(). */
static inline void node_start(struct node* n, unsigned long flags, void (*set_up)(void), void (*check)(void)) {
  n->events = shared_memory(sizeof *n->events);
  event_init(&n->events->ready);
  event_init(&n->events->go);
  pid_t pid = fork_with(flags);
  if (pid == 0) {
    if (set_up) set_up();
    n->before = own_numbers();
    event_set(&n->events->ready, 1);
    event_wait(&n->events->go, 1);
    expect_numbers(&n->before);
    if (check) check();
    _exit(0);
  }
  n->pid = pid;
  event_wait(&n->events->ready, 1);
}

static inline void node_finish(struct node* n) {
  event_set(&n->events->go, 1);
  if (expect_exit(n->pid, 0)) _exit(1);
}

/* The pid namespace that the children of the caller are born in becomes that of `pid`, or its own again (0). */
static inline void turn_children_to(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, pid ? "/proc/%d/ns/pid" : "/proc/self/ns/pid", pid);
  int fd = must(open(path, O_RDONLY | O_CLOEXEC));
  must(setns(fd, CLONE_NEWPID));
  close(fd);
}
