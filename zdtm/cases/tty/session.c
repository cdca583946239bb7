/* zdtm:
 * title: a session's controlling terminal, its foreground group, /dev/tty, and a member that gave the terminal up
 */
#include "pty.h"
#include "waiting_child.h"

static int devtty, slave;
static pid_t front, quitter;

static void front_check(void* arg) {
  (void)arg;
  expect_eq(tcgetpgrp(devtty), getpid());
  expect_eq(tcgetsid(devtty), getppid());
  write_text(devtty, "front;");
}

static void front_set_up(void* arg) {
  (void)arg;
  must(setpgid(0, 0));
}

static void quitter_set_up(void* arg) {
  (void)arg;
  must(ioctl(slave, TIOCNOTTY));
  expect_errno(open("/dev/tty", O_RDWR), ENXIO);
}

static void quitter_check(void* arg) {
  (void)arg;
  expect_errno(open("/dev/tty", O_RDWR), ENXIO);
  expect_eq(getsid(0), getppid());
  write_text(slave, "quitter;");
}

static void leader_set_up(void* arg) {
  slave = *(int*)arg;
  must(setsid());
  must(ioctl(slave, TIOCSCTTY, 0));
  devtty = must(open("/dev/tty", O_RDWR | O_NONBLOCK));
  quitter = waiting_child_start(quitter_set_up, quitter_check, NULL);
  front = waiting_child_start(front_set_up, front_check, NULL);
  signal(SIGTTOU, SIG_IGN);
  must(tcsetpgrp(slave, front));
}

static void leader_check(void* arg) {
  (void)arg;
  expect(fcntl(devtty, F_GETFL) & O_NONBLOCK);
  expect_eq(tcgetpgrp(slave), front);
  expect_eq(tcgetsid(slave), getpid());
  unsigned one, two;
  must(ioctl(devtty, TIOCGDEV, &one));
  must(ioctl(slave, TIOCGDEV, &two));
  expect_eq(one, two);
  waiting_child_finish(quitter);
  waiting_child_finish(front);
  close(must(open("/dev/tty", O_RDWR)));
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int master = open_master();
  int end = open_slave(master, O_RDWR);
  make_raw(end);
  pid_t leader = waiting_child_start(leader_set_up, leader_check, &end);
  close(end);

  test_daemon();
  test_waitsig();

  int session = 0;
  must(ioctl(master, TIOCGSID, &session));
  expect_eq(session, leader);
  expect_errno(open("/dev/tty", O_RDWR), ENXIO);
  waiting_child_finish(leader);
  wait_for_input(master, 14);
  expect_line(master, "quitter;front;");
  expect(poll_of(master) & POLLHUP);
  pass();
}
