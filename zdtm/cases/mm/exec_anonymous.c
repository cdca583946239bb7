/* zdtm:
 * title: code written into anonymous memory runs before and after
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

/* mov eax, imm32; ret */
static void write_code(unsigned char* at, int value) {
  at[0] = 0xb8;
  memcpy(at + 1, &value, 4);
  at[5] = 0xc3;
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  unsigned char* mem = (unsigned char*)map_private(2 * PAGE_BYTES);
  write_code(mem, 1234);
  write_code(mem + PAGE_BYTES - 3, 5678); /* across the page border */
  must(mprotect(mem, 2 * PAGE_BYTES, PROT_EXEC));
  int (*first)(void) = (int (*)(void))(uintptr_t)mem;
  int (*second)(void) = (int (*)(void))(uintptr_t)(mem + PAGE_BYTES - 3);
  expect_eq(first(), 1234);

  test_daemon();
  test_waitsig();

  expect_eq(first(), 1234);
  expect_eq(second(), 5678);
  pass();
}
