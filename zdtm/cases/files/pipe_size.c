/* zdtm:
 * title: pipes whose size was changed: larger and full of data, smaller, smallest
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"

static const int kSizes[] = {4096, 16384, 65536, 262144, 1048576};
enum { kCount = sizeof(kSizes) / sizeof(kSizes[0]) };

int main(int argc, char** argv) {
  static char data[1048576];
  int p[kCount][2];
  test_init(argc, argv);
  for (int i = 0; i < kCount; i++) {
    must(pipe2(p[i], O_NONBLOCK));
    if (must(fcntl(p[i][1], F_SETPIPE_SZ, kSizes[i])) != kSizes[i]) skip("a pipe can't be made %d large", kSizes[i]);
    fill_pattern(data, kSizes[i], i);
    expect_eq(write(p[i][1], data, kSizes[i]), kSizes[i]);
  }

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kCount; i++) {
    expect_eq(fcntl(p[i][0], F_GETPIPE_SZ), kSizes[i]);
    expect_errno(write(p[i][1], data, 1), EAGAIN);
    expect_eq(read(p[i][0], data, kSizes[i]), kSizes[i]);
    expect(!check_pattern(data, kSizes[i], i));
  }
  pass();
}
