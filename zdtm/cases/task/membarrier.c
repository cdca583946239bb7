/* zdtm:
 * title: what a process has registered for with membarrier(2) works at once, what it has not is still refused
 * needs: kernel>=6.3
 */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "check.h"

enum { kGetRegistrations = 1 << 9 }; /* MEMBARRIER_CMD_GET_REGISTRATIONS, 6.3 */

static long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

int main(int argc, char** argv) {
  test_init(argc, argv);
  long known = membarrier(MEMBARRIER_CMD_QUERY);
  if (known < 0 || !(known & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED)) skip("no membarrier(2) of that kind");
  must(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
  must(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED));
  long registered = membarrier(kGetRegistrations);
  /* The C library may register for more: only what is refused now must be later. */
  int sync_core_refused = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) < 0 && errno == EPERM;

  test_daemon();
  test_waitsig();

  must(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
  expect_eq(membarrier(kGetRegistrations), registered);
  if (sync_core_refused) expect_errno(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE), EPERM);
  pass();
}
