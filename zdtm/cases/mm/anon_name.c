/* zdtm:
 * title: names of anonymous mappings (PR_SET_VMA_ANON_NAME), also on a part of a mapping
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "check.h"
#include "mapping.h"
#include "newer_kernel.h"
#include "pagemap.h"
#include "smaps.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char *priv = map_private(8 * PAGE_BYTES), *shared = map_shared(2 * PAGE_BYTES);
  fill_pattern(priv, 8 * PAGE_BYTES, 1);
  if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, priv + 2 * PAGE_BYTES, 2 * PAGE_BYTES, "my area"))
    skip("this kernel names no mappings: %s", strerror(errno));
  must(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, shared, 2 * PAGE_BYTES, "our area"));

  test_daemon();
  test_waitsig();

  struct vma v = must_vma(priv + 2 * PAGE_BYTES);
  expect(strcmp(v.path, "[anon:my area]") == 0);
  expect_eq(v.end - v.start, 2 * PAGE_BYTES);
  expect(!strstr(must_vma(priv).path, "area"));
  expect(!strstr(must_vma(priv + 4 * PAGE_BYTES).path, "area"));
  expect(strcmp(must_vma(shared).path, "[anon_shmem:our area]") == 0);
  expect(!check_pattern(priv, 8 * PAGE_BYTES, 1));
  pass();
}
