/* zdtm:
 * title: a static position-independent binary
 * needs: static-pie
 * build: -static-pie -fPIE
 */
#define _GNU_SOURCE
#include <sys/auxv.h>

#include <stdlib.h>

#include "check.h"

static char bss[20000];
static char* pointer = bss + 17; /* a relocated pointer in the data */

int main(int argc, char** argv) {
  test_init(argc, argv);
  expect_eq(getauxval(AT_BASE), 0);
  fill_pattern(bss, sizeof(bss), 1);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(bss, sizeof(bss), 1));
  expect(pointer == bss + 17);
  void* p = malloc(1000000);
  expect(p != NULL);
  free(p);
  pass();
}
