/* zdtm:
 * title: /dev/tty of a terminal that is gone; a slave that was hung up by vhangup() beside one that was opened since
 * rights: vhangup by TIOCVHANGUP takes CAP_SYS_ADMIN outside
 */
#include "pty.h"
#include "waiting_child.h"

static int devtty;

static void leader_set_up(void* arg) {
  int slave = *(int*)arg;
  signal(SIGHUP, SIG_IGN);
  must(setsid());
  must(ioctl(slave, TIOCSCTTY, 0));
  devtty = must(open("/dev/tty", O_RDWR));
  close(slave);
}

static void leader_check(void* arg) {
  char c;
  (void)arg;
  expect_eq(read(devtty, &c, 1), 0);
  expect_errno(write(devtty, "x", 1), EIO);
  expect(poll_of(devtty) & POLLHUP);
  expect_errno(open("/dev/tty", O_RDWR), ENXIO);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int gone = open_master(), slave = open_slave(gone, O_RDWR);
  must(fcntl(gone, F_SETFD, FD_CLOEXEC));
  pid_t leader = must(fork());
  if (leader == 0) {
    close(gone);
    leader_set_up(&slave);
    test_waitsig();
    leader_check(NULL);
    _exit(0);
  }
  while (getsid(leader) != leader) usleep(1000);
  int session = 0;
  while (ioctl(gone, TIOCGSID, &session) != 0) usleep(1000);
  close(slave);
  usleep(50000);
  close(gone);
  int master = open_master(), old = open_slave(master, O_RDWR);
  must(ioctl(old, TIOCVHANGUP));
  int new = open_slave(master, O_RDWR);
  make_raw(new);

  test_daemon();
  test_waitsig();

  waiting_child_finish(leader);
  expect_errno(write(old, "x", 1), EIO);
  write_text(new, "alive");
  wait_for_input(master, 5);
  expect_line(master, "alive");
  pass();
}
