/* zdtm:
 * title: every piece of advice that leaves a flag on a mapping is still there, and only on that mapping
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"

static const struct advice {
  int advice;
  const char* flag;
} kAdvice[] = {
    {MADV_NORMAL, NULL},     {MADV_SEQUENTIAL, "sr"}, {MADV_RANDOM, "rr"},
    {MADV_DONTFORK, "dc"},   {MADV_DONTDUMP, "dd"},   {MADV_HUGEPAGE, "hg"},
    {MADV_NOHUGEPAGE, "nh"}, {MADV_MERGEABLE, "mg"},  {MADV_WIPEONFORK, "wf"},
};
enum { kCount = sizeof(kAdvice) / sizeof(kAdvice[0]), kPages = 4 };

int main(int argc, char** argv) {
  char* mem[kCount];
  int set[kCount] = {0};
  test_init(argc, argv);
  for (int i = 0; i < kCount; i++) {
    mem[i] = map_isolated(kPages * PAGE_BYTES);
    fill_pattern(mem[i], kPages * PAGE_BYTES, i);
    /* A kernel without THP or KSM knows fewer; EINVAL then. */
    set[i] = madvise(mem[i], kPages * PAGE_BYTES, kAdvice[i].advice) == 0;
    if (!set[i]) test_msg("advice %d: %s", kAdvice[i].advice, strerror(errno));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    expect(!check_pattern(mem[i], kPages * PAGE_BYTES, i));
    for (int j = 0; j < kCount; j++) {
      if (!kAdvice[j].flag) continue;
      int has = vma_has_flag(mem[i], kAdvice[j].flag), wanted = i == j && set[i];
      if (has != wanted) die("mapping %d: flag %s is %d, not %d", i, kAdvice[j].flag, has, wanted);
    }
  }
  pass();
}
