/* zdtm:
 * title: a directory watched by dnotify is refused by name; its signal comes
 * refuse: dnotify
 */
#define _GNU_SOURCE
#include <signal.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  siginfo_t info;
  sigset_t set;
  test_init(argc, argv);
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  must(sigprocmask(SIG_BLOCK, &set, NULL));
  int dir = move_fd(must(open(".", O_RDONLY | O_DIRECTORY)), 77);
  if (fcntl(dir, F_NOTIFY, DN_CREATE) != 0) skip("no dnotify here: %s", strerror(errno));

  test_daemon();
  test_waitsig();

  close(make_file("new", 1, 1));
  expect_eq(sigwaitinfo(&set, &info), SIGIO);
  pass();
}
