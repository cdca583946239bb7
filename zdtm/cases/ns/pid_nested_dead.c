/* zdtm:
 * title: dead inits of pid namespaces that nobody has waited for; children yet to be born there
 * nosnapshot: another pid namespace
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include "nested.h"
#include "proc.h"

static struct node parent;
static pid_t exited, killed, of_parent;

static pid_t dead_init(unsigned long flags, int signal) {
  pid_t pid = fork_with(flags);
  siginfo_t info;
  if (!pid) {
    while (signal) pause();
    _exit(3);
  }
  if (signal) must(kill(pid, signal));
  must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
  return pid;
}

static void set_up_parent(void) {
  must(unshare(CLONE_NEWPID));
  of_parent = dead_init(0, 0);
}
static void check_parent(void) {
  if (fork_with_signal(SIGCHLD) != -1 || errno != ENOMEM)
    die("fork into a dead namespace: %s", strerror(errno));
  expect_eq(expect_exit(of_parent, 3), 0);
}

static void expect_numbers_of_zombie(pid_t pid, int depth) {
  char text[64];
  must(proc_status(pid, "NSpid", text, sizeof text));
  int found = 0;
  for (const char* at = text; *at; at++) found += *at == '\t';
  expect_eq(found, depth);
  expect(!strcmp(strrchr(text, '\t'), "\t1"));
}

int main(int argc, char** argv) {
  int status;
  test_init(argc, argv);
  exited = dead_init(CLONE_NEWPID, 0);
  killed = dead_init(CLONE_NEWPID, SIGKILL);
  node_start(&parent, 0, set_up_parent, check_parent);

  test_daemon();
  test_waitsig();

  expect_numbers_of_zombie(exited, 1);
  expect_numbers_of_zombie(killed, 1);
  expect_eq(expect_exit(exited, 3), 0);
  must(waitpid(killed, &status, 0));
  expect(WIFSIGNALED(status));
  expect_eq(WTERMSIG(status), SIGKILL);
  node_finish(&parent);
  pass();
  return 0;
}
