/* zdtm:
 * title: a file of /proc/PID that comes late in a restore is refused when only a message has it
 * refuse: a message in flight has it
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "passing.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int ends[2], late = must(open("/proc/self/fdinfo/0", O_RDONLY)); /* a restore can open it when descriptor 0 is there */
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  send_fds(ends[0], "late", &late, 1);
  close(late);

  test_daemon();
  test_waitsig();

  char text[8];
  expect_eq(receive_fds(ends[1], "late", &late), 1);
  expect(read(late, text, sizeof(text)) == sizeof(text));
  pass();
}
