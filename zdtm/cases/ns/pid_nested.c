/* zdtm:
 * title: pid namespaces below that of the tree: every number on every level, groups, zombies, who joined
 * nosnapshot: another pid namespace
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "nested.h"
#include "proc.h"

static struct node first, leader, member, second, third, joined, preparer, in_prepared, empty_handed;
static pid_t zombie;
static struct {
  struct numbers before;
  volatile int state; /* 1: is there, 2: may check, 3: has checked */
} thread;

static void* thread_main(void* arg) {
  (void)arg;
  thread.before = own_numbers();
  thread.state = 1;
  while (thread.state != 2) usleep(1000);
  expect_numbers(&thread.before);
  thread.state = 3;
  return NULL;
}

static void lead_group(void) { must(setpgid(0, 0)); }

static void lead_session(void) {
  must(setsid());
  node_start(&member, 0, lead_group, NULL);
}
static void check_session(void) {
  expect_eq(getsid(0), getpid());
  expect_eq(getsid(member.pid), getpid());
  expect_eq(getpgid(member.pid), member.pid);
  node_finish(&member);
}

static void make_third(void) {
  expect_eq(getpid(), 1);
  node_start(&third, 0, NULL, NULL);
}
static void check_third(void) {
  expect_eq(own_depth(), 2);
  expect_eq(getpid(), 1);
  node_finish(&third);
}

static void set_up_first(void) {
  pthread_t t;
  expect_eq(getpid(), 1);
  for (int i = 0; i < 3; i++) { /* numbers are left out */
    pid_t pid = fork_with(0);
    if (!pid) _exit(0);
    must(waitpid(pid, NULL, 0));
  }
  expect_eq(pthread_create(&t, NULL, thread_main, NULL), 0);
  while (thread.state != 1) usleep(1000);
  node_start(&leader, 0, lead_session, check_session);
  zombie = fork_with(0);
  if (!zombie) _exit(7);
  siginfo_t info;
  must(waitid(P_PID, zombie, &info, WEXITED | WNOWAIT));
  node_start(&second, CLONE_NEWPID, make_third, check_third);
}

static void check_first(void) {
  expect_eq(getpid(), 1);
  expect_eq(own_depth(), 1);
  thread.state = 2;
  while (thread.state != 3) usleep(1000);
  node_finish(&leader);
  node_finish(&second);
  expect_eq(expect_exit(zombie, 7), 0);
  /* Orphans come to the init of their namespace. */
  pid_t middle = fork_with(0);
  if (!middle) {
    if (!fork_with(0)) _exit(9);
    _exit(0);
  }
  int status, orphans = 0;
  pid_t pid;
  while (orphans == 0 && (pid = must(waitpid(-1, &status, 0))) > 0)
    if (pid != middle) orphans += WIFEXITED(status) && WEXITSTATUS(status) == 9;
  while (waitpid(middle, NULL, 0) > 0) continue;
}

static ino_t space_of(pid_t pid) {
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
  must(stat(path, &st));
  return st.st_ino;
}

/* Its children are the init of another namespace and who comes after it. */
static void prepare_space(void) {
  must(unshare(CLONE_NEWPID));
  node_start(&in_prepared, 0, NULL, NULL);
}
static void check_prepared(void) {
  expect_eq(own_depth(), 0);
  ino_t there = space_of(in_prepared.pid);
  struct node next;
  node_start(&next, 0, NULL, NULL);
  expect_eq(space_of(next.pid), there);
  node_finish(&next);
  node_finish(&in_prepared);
  errno = 0; /* the namespace is dead now */
  if (fork_with_signal(SIGCHLD) != -1 || errno != ENOMEM)
    die("fork into a dead namespace: %s", strerror(errno));
}

static void prepare_no_more(void) { must(unshare(CLONE_NEWPID)); }
static void check_first_child(void) {
  pid_t pid = fork_with(0);
  if (!pid) _exit(getpid() == 1 ? 6 : 1);
  expect_eq(expect_exit(pid, 6), 0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/pid_for_children", F_OK) != 0) skip("no pid namespaces here");
  node_start(&first, CLONE_NEWPID, set_up_first, check_first);
  turn_children_to(first.pid);
  node_start(&joined, 0, NULL, NULL);
  turn_children_to(0);
  node_start(&preparer, 0, prepare_space, check_prepared);
  node_start(&empty_handed, 0, prepare_no_more, check_first_child);

  test_daemon();
  test_waitsig();

  expect_eq(own_depth(), 0);
  expect_eq(space_of(joined.pid), space_of(first.pid));
  expect(space_of(first.pid) != space_of(getpid()));
  node_finish(&empty_handed);
  node_finish(&preparer);
  node_finish(&joined);
  node_finish(&first);
  pass();
  return 0;
}
