/* zdtm:
 * title: 48 MiB of private memory in two pieces, with holes punched at irregular places
 */
#define _GNU_SOURCE
#include "check.h"
#include "mapping.h"
#include "pagemap.h"

#define PIECE (24ul << 20)

/* Pages where a small generator says so are given back. */
static int is_hole(size_t page) { return (page * 2654435761u >> 7) % 5 == 0; }

int main(int argc, char** argv) {
  char* mem[2];
  test_init(argc, argv);
  for (int i = 0; i < 2; i++) {
    mem[i] = map_private(PIECE);
    for (size_t page = 0; page < PIECE / PAGE_BYTES; page++)
      if (!is_hole(page)) fill_pattern(mem[i] + page * PAGE_BYTES, PAGE_BYTES, page * 2 + i);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 2; i++)
    for (size_t page = 0; page < PIECE / PAGE_BYTES; page++) {
      char* p = mem[i] + page * PAGE_BYTES;
      if (is_hole(page))
        expect(p[0] == 0 && p[PAGE_BYTES - 1] == 0);
      else
        expect(!check_pattern(p, PAGE_BYTES, page * 2 + i));
    }
  pass();
}
