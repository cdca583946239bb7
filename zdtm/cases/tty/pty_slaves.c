/* zdtm:
 * title: several descriptions of one slave, in two processes, with their flags; masters of other numbers between
 */
#include "pty.h"
#include "waiting_child.h"

static int slave, shared;

static void child_set_up(void* arg) {
  slave = move_fd(open_slave(*(int*)arg, O_RDONLY | O_NONBLOCK), 80);
  close(*(int*)arg);
}

static void child_check(void* arg) {
  char c;
  (void)arg;
  expect(fcntl(slave, F_GETFL) & O_NONBLOCK);
  expect_errno(read(slave, &c, 1), EAGAIN);
  expect(same_description(getpid(), shared, getppid(), shared));
  expect(!same_description(getpid(), slave, getppid(), shared));
  write_text(shared, "child");
}

int main(int argc, char** argv) {
  unsigned number;
  test_init(argc, argv);
  int first = open_master(), master = open_master(), third = open_master();
  close(first);
  must(ioctl(master, TIOCGPTN, &number));
  int one = open_slave(master, O_RDWR), two = open_slave(master, O_WRONLY | O_NONBLOCK);
  shared = one;
  make_raw(one);
  pid_t child = waiting_child_start(child_set_up, child_check, &master);

  test_daemon();
  test_waitsig();

  unsigned now, now_third;
  must(ioctl(master, TIOCGPTN, &now));
  must(ioctl(third, TIOCGPTN, &now_third));
  expect_eq(now, number);
  expect_eq(now_third, number + 1);
  expect(!same_description(getpid(), one, getpid(), two));
  expect_eq(fcntl(one, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
  expect_eq(fcntl(two, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
  waiting_child_finish(child);
  write_text(two, "two");
  wait_for_input(master, 8);
  expect_line(master, "childtwo");
  pass();
}
