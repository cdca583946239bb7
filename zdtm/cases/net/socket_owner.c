/* zdtm:
 * title: user, group and mode that fstat(2) tells of sockets made by another user
 * needs: root
 * network: own
 */
#define _GNU_SOURCE
#include "inet.h"

static int made(int family, int type) {
  must(setegid(66));
  must(seteuid(55));
  int fd = must(socket(family, type, 0));
  must(seteuid(0));
  must(setegid(0));
  return fd;
}

int main(int argc, char** argv) {
  struct stat before[5], after;
  test_init(argc, argv);
  int fds[] = {made(AF_UNIX, SOCK_STREAM), made(AF_UNIX, SOCK_DGRAM), made(AF_INET, SOCK_STREAM),
               made(AF_INET6, SOCK_DGRAM), must(socket(AF_UNIX, SOCK_STREAM, 0))};
  must(fchmod(fds[1], 0640));
  for (int i = 0; i < 5; i++) must(fstat(fds[i], &before[i]));
  expect_eq(before[0].st_uid, 55);

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 5; i++) {
    must(fstat(fds[i], &after));
    expect_eq(after.st_uid, before[i].st_uid);
    expect_eq(after.st_gid, before[i].st_gid);
    expect_eq(after.st_mode, before[i].st_mode);
  }
  pass();
}
