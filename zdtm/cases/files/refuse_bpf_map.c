/* zdtm:
 * title: a BPF map is refused by name and keeps its elements
 * refuse: fd 77 (anon_inode:bpf-map)
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"

static long element(int command, int map, uint32_t key, uint64_t* value) {
  union bpf_attr attr = {.map_fd = map};
  attr.key = (uintptr_t)&key;
  attr.value = (uintptr_t)value;
  return syscall(SYS_bpf, command, &attr, sizeof(attr));
}

int main(int argc, char** argv) {
  union bpf_attr attr = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 10};
  uint64_t value = 4711, got = 0;
  test_init(argc, argv);
  int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
  if (fd < 0) skip("no BPF maps here: %s", strerror(errno));
  fd = move_fd(fd, 77);
  must(element(BPF_MAP_UPDATE_ELEM, fd, 1, &value));

  test_daemon();
  test_waitsig();

  must(element(BPF_MAP_LOOKUP_ELEM, fd, 1, &got));
  expect_eq(got, 4711);
  must(element(BPF_MAP_UPDATE_ELEM, fd, 2, &value));
  pass();
}
