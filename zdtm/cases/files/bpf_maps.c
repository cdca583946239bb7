/* zdtm:
 * title: BPF maps keep kind, name, elements and descriptors; a frozen array, a hash with two descriptions
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

static void describe(int fd, struct bpf_map_info* info) {
  union bpf_attr attr = {.info = {.bpf_fd = fd, .info_len = sizeof(*info), .info = (uintptr_t)info}};
  memset(info, 0, sizeof(*info));
  must(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)));
}

int main(int argc, char** argv) {
  union bpf_attr attr = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 100, .map_name = "zdtm_hash"};
  struct bpf_map_info one, two;
  uint64_t value, got = 0;
  test_init(argc, argv);
  int hash = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
  if (hash < 0) skip("no BPF maps here: %s", strerror(errno));
  hash = move_fd(hash, 77);
  for (uint32_t i = 0; i < 50; ++i) {
    value = 1000 + i;
    must(element(BPF_MAP_UPDATE_ELEM, hash, i * 7, &value));
  }
  describe(hash, &one);
  union bpf_attr by_id = {.map_id = one.id, .open_flags = BPF_F_RDONLY};
  int again = must(syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &by_id, sizeof(by_id)));
  union bpf_attr second = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 3};
  int array = must(syscall(SYS_bpf, BPF_MAP_CREATE, &second, sizeof(second)));
  value = 5;
  must(element(BPF_MAP_UPDATE_ELEM, array, 2, &value));
  union bpf_attr freeze = {.map_fd = array};
  must(syscall(SYS_bpf, BPF_MAP_FREEZE, &freeze, sizeof(freeze)));

  test_daemon();
  test_waitsig();

  for (uint32_t i = 0; i < 50; ++i) {
    must(element(BPF_MAP_LOOKUP_ELEM, again, i * 7, &got));
    expect_eq(got, 1000 + i);
  }
  expect_errno(element(BPF_MAP_LOOKUP_ELEM, hash, 1, &got), ENOENT);
  expect_errno(element(BPF_MAP_UPDATE_ELEM, again, 1, &got), EPERM);
  value = 6;
  must(element(BPF_MAP_UPDATE_ELEM, hash, 1, &value));
  must(element(BPF_MAP_LOOKUP_ELEM, again, 1, &got));
  expect_eq(got, 6);
  describe(hash, &one);
  describe(again, &two);
  expect_eq(one.id, two.id);
  expect(!strcmp(one.name, "zdtm_hash") && one.max_entries == 100);
  must(element(BPF_MAP_LOOKUP_ELEM, array, 2, &got));
  expect_eq(got, 5);
  expect_errno(element(BPF_MAP_UPDATE_ELEM, array, 2, &value), EPERM);
  pass();
}
