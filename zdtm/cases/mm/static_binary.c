/* zdtm:
 * title: a static binary
 * build: -static
 */
#define _GNU_SOURCE
#include <sys/auxv.h>
#include <time.h>

#include "check.h"

static char data[20000] = "initialised";
static char bss[20000];

int main(int argc, char** argv) {
  struct timespec t;
  test_init(argc, argv);
  expect_eq(getauxval(AT_BASE), 0); /* no dynamic linker */
  fill_pattern(bss, sizeof(bss), 1);
  fill_pattern(data + 4096, 4096, 2);

  test_daemon();
  test_waitsig();

  expect(strcmp(data, "initialised") == 0);
  expect(!check_pattern(bss, sizeof(bss), 1));
  expect(!check_pattern(data + 4096, 4096, 2));
  must(clock_gettime(CLOCK_MONOTONIC, &t));
  pass();
}
