/* zdtm:
 * title: memory with content under every protection: none, read-only, write-only, exec-only, read-exec, all
 */
#define _GNU_SOURCE
#include "check.h"
#include "faulting.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

static const struct kind {
  int prot;
  const char* perms;
} kKinds[] = {
    {PROT_NONE, "---p"},
    {PROT_READ, "r--p"},
    {PROT_WRITE, "-w-p"},
    {PROT_EXEC, "--xp"},
    {PROT_READ | PROT_EXEC, "r-xp"},
    {PROT_READ | PROT_WRITE | PROT_EXEC, "rwxp"},
};
enum { kCount = sizeof(kKinds) / sizeof(kKinds[0]), kPages = 4 };

int main(int argc, char** argv) {
  test_init(argc, argv);
  /* All next to each other, so that a wrong length of one shows in the next. */
  char* mem = map_isolated(kCount * kPages * PAGE_BYTES);
  for (int i = 0; i < kCount; i++) {
    char* area = mem + i * kPages * PAGE_BYTES;
    fill_pattern(area, 2 * PAGE_BYTES, i); /* two pages filled, two never touched */
    must(mprotect(area, kPages * PAGE_BYTES, kKinds[i].prot));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    char* area = mem + i * kPages * PAGE_BYTES;
    struct vma v = must_vma(area);
    expect(strcmp(v.perms, kKinds[i].perms) == 0);
    expect_eq(v.end - v.start, kPages * PAGE_BYTES);
  }
  for (int i = 0; i < kCount; i++) { /* this makes neighbours merge, so after all borders are checked */
    char* area = mem + i * kPages * PAGE_BYTES;
    if (kKinds[i].prot == PROT_NONE) expect_eq(access_signal(area, kReads), SIGSEGV);
    expect_eq(populated_pages(area, kPages), 2);
    must(mprotect(area, kPages * PAGE_BYTES, PROT_READ));
    expect(!check_pattern(area, 2 * PAGE_BYTES, i));
    expect_eq(area[3 * PAGE_BYTES], 0);
  }
  pass();
}
