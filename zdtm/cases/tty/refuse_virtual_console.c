/* zdtm:
 * title: a virtual console is refused by name
 * refuse: fd 77 (/dev/tty
 * needs: file:/dev/tty63
 */
#define _GNU_SOURCE
#include <termios.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct termios settings;
  int fd = open("/dev/tty63", O_RDWR | O_NOCTTY);
  if (fd < 0) skip("no virtual console: %s", strerror(errno));
  fd = move_fd(fd, 77);

  test_daemon();
  test_waitsig();

  must(tcgetattr(fd, &settings));
  pass();
}
