/* zdtm:
 * title: 2000 open descriptors: half of them files with a position each, half pipes with a byte in them
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "check.h"
#include "descriptors.h"

enum { kFiles = 1000, kPipes = 500 };

int main(int argc, char** argv) {
  static int file[kFiles], p[kPipes][2];
  struct rlimit limit;
  test_init(argc, argv);
  must(getrlimit(RLIMIT_NOFILE, &limit));
  if (limit.rlim_max < 2100) skip("RLIMIT_NOFILE is %ld only", (long)limit.rlim_max);
  limit.rlim_cur = 2100;
  must(setrlimit(RLIMIT_NOFILE, &limit));
  close(make_file("file", 5000, 1));
  for (int i = 0; i < kFiles; i++) {
    file[i] = must(open("file", O_RDWR));
    must(lseek(file[i], i, SEEK_SET));
  }
  for (int i = 0; i < kPipes; i++) {
    char byte = i % 251;
    must(pipe(p[i]));
    must(write(p[i][1], &byte, 1));
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kFiles; i++) expect_eq(lseek(file[i], 0, SEEK_CUR), i);
  for (int i = 0; i < kPipes; i++) {
    unsigned char byte = 255;
    expect_eq(read(p[i][0], &byte, 1), 1);
    expect_eq(byte, i % 251);
  }
  pass();
}
