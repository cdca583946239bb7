/* zdtm:
 * title: descriptors with and without close-on-exec, checked by a real exec
 * needs: tool:sh
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

enum { kFirst = 20, kCount = 12 };

int main(int argc, char** argv) {
  int status;
  test_init(argc, argv);
  int fd = must(open("/dev/null", O_RDWR));
  for (int i = 0; i < kCount; i++) /* all of one description: the flag is the number's own */
    if (i % 3 != 2) must(dup3(fd, kFirst + i, i % 3 ? O_CLOEXEC : 0));
  close(fd);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++)
    expect_eq(fcntl(kFirst + i, F_GETFD), i % 3 == 0 ? 0 : i % 3 == 1 ? FD_CLOEXEC : -1);
  pid_t pid = must(fork());
  if (pid == 0) {
    execlp("sh", "sh", "-c",
           "for i in 20 21 22 23 24 25 26 27 28 29 30 31; do [ -e /proc/self/fd/$i ] && echo $i; done >open", NULL);
    _exit(1);
  }
  must(waitpid(pid, &status, 0));
  expect_read(must(open("open", O_RDONLY)), "20\n23\n26\n29\n");
  pass();
}
