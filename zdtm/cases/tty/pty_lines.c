/* zdtm:
 * title: typed lines, ends of file and a line that is not finished yet are handed out as they would have been
 */
#include "pty.h"

int main(int argc, char** argv) {
  struct termios mode;
  char got[64];
  test_init(argc, argv);
  int master = open_master(), slave = open_slave(master, O_RDWR);
  must(tcgetattr(slave, &mode));
  mode.c_cc[VEOL] = ';';
  must(tcsetattr(slave, TCSANOW, &mode));
  /* VERASE 0x7f: "ab" is typed as "ax", rubbed out, "b". ^D after text ends a line without a newline. */
  write_text(master, "one\rax\x7f" "b\rthree\x04\x04;colon;last li");
  wait_for_input(slave, 4 + 3 + 5 + 1 + 6);
  usleep(50000);
  wait_for_input(master, 20); /* the echo */

  test_daemon();
  test_waitsig();

  const char* echo = "one\r\nax\b \bb\r\nthree;colon;last li";
  wait_for_input(master, strlen(echo));
  expect_line(master, echo);
  expect_line(slave, "one\n");
  expect_line(slave, "ab\n");
  expect_line(slave, "three");
  expect(poll_of(slave) & POLLIN);
  expect_eq(read(slave, got, sizeof(got)), 0);
  expect_line(slave, ";");
  expect_line(slave, "colon;");
  expect_nothing(slave);
  write_text(master, "\x7fine\r");
  wait_for_input(slave, 10);
  expect_line(slave, "last line\n");
  expect_nothing(slave);
  pass();
}
