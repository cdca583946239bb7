/* zdtm:
 * title: a mapping in the lowest 2 GiB (MAP_32BIT)
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  char* mem = map_anon(8 * PAGE_BYTES, MAP_PRIVATE | MAP_32BIT);
  char* shared = map_anon(8 * PAGE_BYTES, MAP_SHARED | MAP_32BIT);
  expect((uintptr_t)mem < 1ul << 31 && (uintptr_t)shared < 1ul << 31);
  fill_pattern(mem, 8 * PAGE_BYTES, 1);
  fill_pattern(shared, 8 * PAGE_BYTES, 2);

  test_daemon();
  test_waitsig();

  expect(!check_pattern(mem, 8 * PAGE_BYTES, 1));
  expect(!check_pattern(shared, 8 * PAGE_BYTES, 2));
  expect((uintptr_t)map_anon(PAGE_BYTES, MAP_PRIVATE | MAP_32BIT) < 1ul << 31);
  pass();
}
