/* zdtm:
 * title: a 32-bit program: segments of its own in the GDT (set_thread_area(2)), of each thread
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <sys/syscall.h>

#include "check.h"
#include "threads.h"

static struct threads t;
static uint32_t words[3] = {0x11111111, 0x22222222, 0x33333333};

static uint32_t first_word(void) {
  uint32_t word;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(word));
  return word;
}

/* fs is free in such programs: the C library's own data is behind gs. */
static void use_segment(int i) {
  struct user_desc d = {.entry_number = -1,
                        .base_addr = (uintptr_t)&words[i],
                        .limit = 3,
                        .seg_32bit = 1,
                        .useable = 1};
  must(syscall(SYS_set_thread_area, &d));
  __asm__ volatile("mov %w0, %%fs" : : "r"(d.entry_number << 3 | 3));
  expect_eq(first_word(), words[i]);
}

static void check_segment(int i) {
  expect_eq(first_word(), words[i]);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  t.count = 2;
  t.setup = use_segment;
  t.check = check_segment;
  threads_start(&t);
  use_segment(2);
  test_daemon();
  test_waitsig();
  threads_finish(&t);
  check_segment(2);
  pass();
}
