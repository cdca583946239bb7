/* zdtm:
 * title: a pipe opened again through /proc/self/fd: more descriptions, also one for both directions
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  int p[2];
  char path[64], byte;
  test_init(argc, argv);
  must(pipe(p));
  snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
  int reader = must(open(path, O_RDONLY | O_NONBLOCK)), writer = must(open(path, O_WRONLY)),
      both = must(open(path, O_RDWR));
  write_text(writer, "by the second writer");

  test_daemon();
  test_waitsig();

  expect_read(reader, "by the ");
  expect_read(p[0], "second ");
  expect_read(both, "writer");
  expect_errno(read(reader, &byte, 1), EAGAIN);
  write_text(both, "b");
  expect_read(reader, "b");
  expect(fcntl(reader, F_GETFL) & O_NONBLOCK);
  expect(!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
  expect(!same_description(getpid(), reader, getpid(), p[0]));
  close(p[1]);
  close(writer);
  expect_errno(read(reader, &byte, 1), EAGAIN); /* "both" still may write */
  close(both);
  expect_eq(read(reader, &byte, 1), 0);
  pass();
}
