/* zdtm:
 * title: a shell with a stopped, a background and a foreground job; keys for signals and the shell's control still work
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "proc.h"
#include "pty.h"

static volatile int got_int;
static void on_int(int sig) { got_int = sig; }

enum does { kWaits, kReads, kReadsInFront };

/* A job in a group of its own; reads from the terminal and says what it got. */
static pid_t start_job(const char* name, enum does does) {
  pid_t pid = must(fork());
  if (pid) {
    setpgid(pid, pid);
    return pid;
  }
  setpgid(0, 0);
  signal(SIGTTOU, SIG_DFL);
  struct sigaction act = {.sa_handler = on_int}; /* no SA_RESTART */
  sigaction(SIGINT, &act, NULL);
  char got[64];
  while (does == kWaits) pause();
  while (does == kReadsInFront && tcgetpgrp(0) != getpid()) usleep(1000); /* earlier a read would stop it */
  ssize_t n = read(0, got, sizeof(got));
  if (n < 0 && got_int) dprintf(1, "%s:int;", name);
  if (n > 0) dprintf(1, "%s:%.*s;", name, (int)n - 1, got);
  _exit(n < 0 && !got_int ? 3 : 0);
}

static void shell(int slave, int commands, int answers) {
  char command;
  int status;
  setsid();
  if (ioctl(slave, TIOCSCTTY, 0)) die("no controlling terminal: %s", strerror(errno));
  for (int i = 0; i < 3; ++i) dup2(slave, i);
  signal(SIGTTOU, SIG_IGN);
  pid_t background = start_job("back", kWaits), stopped = start_job("stopped", kReads);
  /* The read of a background process stops it. */
  if (waitpid(stopped, &status, WUNTRACED) != stopped || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTIN)
    die("the job was not stopped: %x", status);
  pid_t front = start_job("front", kReadsInFront);
  must(tcsetpgrp(0, front));
  if (wait_for_state(front, 'S')) die("the foreground job does not wait");
  usleep(20000);
  must(write(answers, "r", 1));
  while (read(commands, &command, 1) == 1) {
    switch (command) {
      case 'f': /* wait for the foreground job, then bring the stopped one to the front */
        must(waitpid(front, &status, 0));
        expect_eq(status, 0);
        must(tcsetpgrp(0, stopped));
        must(kill(-stopped, SIGCONT));
        break;
      case 's':
        must(waitpid(stopped, &status, 0));
        expect_eq(status, 0);
        must(tcsetpgrp(0, getpgrp()));
        must(kill(-background, SIGKILL));
        must(waitpid(background, &status, 0));
        break;
    }
    must(write(answers, &command, 1));
  }
  _exit(0);
}

static void tell(int commands, int answers, char command) {
  char answer = 0;
  must(write(commands, &command, 1));
  if (read(answers, &answer, 1) != 1 || answer != command) die("the shell did not do '%c'", command);
}

int main(int argc, char** argv) {
  int commands[2], answers[2], status;
  char byte = 0;
  test_init(argc, argv);
  int master = open_master(), slave = open_slave(master, O_RDWR);
  struct termios mode;
  must(tcgetattr(slave, &mode));
  mode.c_lflag &= ~ECHO;
  must(tcsetattr(slave, TCSANOW, &mode));
  must(pipe(commands));
  must(pipe(answers));
  pid_t sh = must(fork());
  if (sh == 0) {
    close(master);
    close(commands[1]);
    close(answers[0]);
    shell(slave, commands[0], answers[1]);
  }
  close(slave);
  close(commands[0]);
  close(answers[1]);
  if (read(answers[0], &byte, 1) != 1) die("the shell is not ready");

  test_daemon();
  test_waitsig();

  write_text(master, "\x03"); /* ^C goes to the foreground job alone */
  tell(commands[1], answers[0], 'f');
  wait_for_input(master, 10);
  expect_line(master, "front:int;");
  write_text(master, "words\n");
  tell(commands[1], answers[0], 's');
  wait_for_input(master, 14);
  expect_line(master, "stopped:words;");
  close(commands[1]);
  must(waitpid(sh, &status, 0));
  expect_eq(status, 0);
  pass();
}
