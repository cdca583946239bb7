/* zdtm:
 * title: a pipe in packet mode (O_DIRECT) keeps the borders of its packets
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2];
  char buffer[4096];
  test_init(argc, argv);
  must(pipe2(p, O_DIRECT));
  write_text(p[1], "one");
  write_text(p[1], "second");
  memset(buffer, 'x', sizeof(buffer));
  must(write(p[1], buffer, sizeof(buffer)));

  test_daemon();
  test_waitsig();

  expect(fcntl(p[1], F_GETFL) & O_DIRECT);
  write_text(p[1], "four");
  expect_eq(read(p[0], buffer, sizeof(buffer)), 3);
  expect(memcmp(buffer, "one", 3) == 0);
  expect_eq(read(p[0], buffer, 2), 2); /* the rest of a packet read in part is lost */
  expect(memcmp(buffer, "se", 2) == 0);
  expect_eq(read(p[0], buffer, sizeof(buffer)), sizeof(buffer));
  expect(buffer[0] == 'x' && buffer[4095] == 'x');
  expect_eq(read(p[0], buffer, sizeof(buffer)), 4);
  pass();
}
