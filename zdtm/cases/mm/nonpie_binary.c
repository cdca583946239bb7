/* zdtm:
 * title: a binary that isn't position independent, at its fixed low address
 * build: -no-pie -fno-pie
 */
#define _GNU_SOURCE
#include <sys/auxv.h>

#include "check.h"
#include "smaps.h"

static char data[20000] = "initialised";
static char bss[20000];

int main(int argc, char** argv) {
  test_init(argc, argv);
  fill_pattern(bss, sizeof(bss), 1);
  expect((uintptr_t)data < 1ul << 31);

  test_daemon();
  test_waitsig();

  expect(strcmp(data, "initialised") == 0);
  expect(!check_pattern(bss, sizeof(bss), 1));
  char exe[512] = "";
  must(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
  expect(strcmp(must_vma((void*)(uintptr_t)main).path, exe) == 0);
  expect(getauxval(AT_ENTRY) < 1ul << 31);
  pass();
}
