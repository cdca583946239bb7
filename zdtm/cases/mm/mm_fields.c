/* zdtm:
 * title: the borders of code, data, heap, stack, arguments and environment in /proc/PID/stat
 */
#define _GNU_SOURCE
#include "mm_fields.h"
#include "check.h"

int main(int argc, char** argv) {
  uint64_t before[kMmFields], after[kMmFields];
  test_init(argc, argv);
  read_mm_fields(before);
  expect(before[kStartCode] != 0 && before[kEnvEnd] > before[kArgStart]);

  test_daemon();
  test_waitsig();

  read_mm_fields(after);
  for (int i = 0; i < kMmFields; i++) expect_eq(after[i], before[i]);
  pass();
}
