/* zdtm:
 * title: a child that sleeps in read() of a pipe goes on sleeping there and gets what comes later
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

int main(int argc, char** argv) {
  int data[2], answer[2], status;
  test_init(argc, argv);
  must(pipe(data));
  must(pipe(answer));
  pid_t pid = must(fork());
  if (pid == 0) {
    char got[16];
    ssize_t n = read(data[0], got, sizeof(got)); /* EINTR would show here */
    write_text(answer[1], n == 5 && memcmp(got, "hello", 5) == 0 ? "good" : "bad!");
    _exit(0);
  }
  usleep(20000); /* time for the child to fall asleep; if it hasn't yet, the case is only weaker */

  test_daemon();
  test_waitsig();

  write_text(data[1], "hello");
  expect_read(answer[0], "good");
  must(waitpid(pid, &status, 0));
  expect_eq(status, 0);
  pass();
}
