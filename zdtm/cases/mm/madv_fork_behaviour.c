/* zdtm:
 * title: MADV_DONTFORK and MADV_WIPEONFORK still act on a fork made after the restore, MADV_DOFORK too
 */
#define _GNU_SOURCE
#include "check.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"
#include "waiting_child.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char *hidden = map_private(2 * PAGE_BYTES), *wiped = map_private(2 * PAGE_BYTES),
       *undone = map_private(2 * PAGE_BYTES);
  fill_pattern(hidden, 2 * PAGE_BYTES, 1);
  fill_pattern(wiped, 2 * PAGE_BYTES, 2);
  fill_pattern(undone, 2 * PAGE_BYTES, 3);
  must(madvise(hidden, 2 * PAGE_BYTES, MADV_DONTFORK));
  must(madvise(wiped, 2 * PAGE_BYTES, MADV_WIPEONFORK));
  must(madvise(undone, 2 * PAGE_BYTES, MADV_DONTFORK));
  must(madvise(undone, 2 * PAGE_BYTES, MADV_DOFORK));

  test_daemon();
  test_waitsig();

  expect(!check_pattern(hidden, 2 * PAGE_BYTES, 1));
  expect(!check_pattern(wiped, 2 * PAGE_BYTES, 2));
  expect_eq(access_signal(hidden, kReads), SIGSEGV);
  int status;
  pid_t pid = must(fork());
  if (pid == 0) {
    for (size_t i = 0; i < 2 * PAGE_BYTES; i++)
      if (wiped[i] != 0) _exit(1);
    _exit(check_pattern(undone, 2 * PAGE_BYTES, 3) ? 2 : 0);
  }
  must(waitpid(pid, &status, 0));
  expect_eq(status, 0);
  pass();
}
