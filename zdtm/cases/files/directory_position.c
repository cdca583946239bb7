/* zdtm:
 * title: a directory read half way goes on with the entries not seen yet
 */
#define _GNU_SOURCE
#include <dirent.h>

#include "check.h"
#include "descriptors.h"

enum { kFiles = 400 };

/* Reads one buffer of entries and ticks them off; 0 at the end. The position after it is a true one of the kernel. */
static int read_some(int dir, char seen[kFiles]) {
  char buffer[2048];
  long n = must(syscall(SYS_getdents64, dir, buffer, sizeof(buffer)));
  for (long at = 0; at < n;) {
    struct dirent64* e = (struct dirent64*)(buffer + at);
    int number;
    if (sscanf(e->d_name, "entry%d", &number) == 1) seen[number]++;
    at += e->d_reclen;
  }
  return n > 0;
}

int main(int argc, char** argv) {
  static char seen[kFiles];
  test_init(argc, argv);
  must(mkdir("dir", 0755));
  for (int i = 0; i < kFiles; i++) {
    char name[32];
    snprintf(name, sizeof(name), "dir/entry%d", i);
    close(must(open(name, O_CREAT | O_WRONLY, 0644)));
  }
  int dir = must(open("dir", O_RDONLY | O_DIRECTORY));
  expect(read_some(dir, seen) && read_some(dir, seen));

  test_daemon();
  test_waitsig();

  while (read_some(dir, seen)) continue;
  for (int i = 0; i < kFiles; i++) expect_eq(seen[i], 1);
  must(mkdirat(dir, "below", 0755));
  pass();
}
