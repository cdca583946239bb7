/* zdtm:
 * title: a removed file of 8 GiB with three blocks of data stays sparse
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

#define SIZE (8ll << 30)

int main(int argc, char** argv) {
  static const off_t kAt[] = {0, 3ll << 30, SIZE - 4096};
  char block[4096];
  test_init(argc, argv);
  int fd = make_file("sparse", 0, 0);
  must(ftruncate(fd, SIZE));
  for (int i = 0; i < 3; i++) {
    fill_pattern(block, sizeof(block), i);
    must(pwrite(fd, block, sizeof(block), kAt[i]));
  }
  must(unlink("sparse"));

  test_daemon();
  test_waitsig();

  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_size, SIZE);
  expect(st.st_blocks * 512 < 1 << 20);
  for (int i = 0; i < 3; i++) {
    expect_eq(pread(fd, block, sizeof(block), kAt[i]), sizeof(block));
    expect(!check_pattern(block, sizeof(block), i));
  }
  expect_eq(lseek(fd, 65536, SEEK_DATA), kAt[1]);
  pass();
}
