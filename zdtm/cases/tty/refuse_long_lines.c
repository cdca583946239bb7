/* zdtm:
 * title: lines of more bytes than could be put back into a terminal are refused before one is taken
 * refuse: more than can be put back safely
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include "check.h"

enum { kLines = 30, kLength = 100 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  expect(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  struct termios settings;
  expect(slave >= 0 && tcgetattr(slave, &settings) == 0);
  settings.c_lflag &= ~(tcflag_t)ECHO;
  expect(tcsetattr(slave, TCSANOW, &settings) == 0);
  char line[kLength];
  memset(line, 'x', sizeof line);
  line[kLength - 1] = '\n';
  for (int i = 0; i < kLines; i++) {
    line[0] = (char)('0' + i);
    expect_eq(write(master, line, sizeof line), (long)sizeof line);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kLines; i++) {
    char got[2 * kLength];
    expect_eq(read(slave, got, sizeof got), kLength);
    expect_eq(got[0], (char)('0' + i));
  }
  pass();
}
