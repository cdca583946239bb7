/* zdtm:
 * title: parent with a don't-fork and a wiped area, and a child born after them that has gap and zeros
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"
#include "smaps.h"
#include "waiting_child.h"

struct areas {
  char *hidden, *wiped;
};

static void check(void* arg) {
  struct areas* a = arg;
  struct vma v;
  expect(vma_at(a->hidden, &v) < 0);
  expect(vma_has_flag(a->wiped, "wf"));
  for (size_t i = 0; i < 4 * PAGE_BYTES; i++) expect(a->wiped[i] == 0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct areas a = {map_private(4 * PAGE_BYTES), map_private(4 * PAGE_BYTES)};
  fill_pattern(a.hidden, 4 * PAGE_BYTES, 1);
  fill_pattern(a.wiped, 4 * PAGE_BYTES, 2);
  must(madvise(a.hidden, 4 * PAGE_BYTES, MADV_DONTFORK));
  must(madvise(a.wiped, 4 * PAGE_BYTES, MADV_WIPEONFORK));
  pid_t pid = waiting_child_start(NULL, check, &a);

  test_daemon();
  test_waitsig();

  waiting_child_finish(pid);
  expect(!check_pattern(a.hidden, 4 * PAGE_BYTES, 1));
  expect(!check_pattern(a.wiped, 4 * PAGE_BYTES, 2));
  expect(vma_has_flag(a.hidden, "dc"));
  expect(vma_has_flag(a.wiped, "wf"));
  pass();
}
