/* zdtm:
 * title: a BPF program is refused by name
 * refuse: bpf-prog
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0}, {.code = BPF_JMP | BPF_EXIT}};
  union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (uintptr_t)code, .insn_cnt = 2, .license = (uintptr_t)"GPL"};
  test_init(argc, argv);
  int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
  if (fd < 0) skip("no BPF programs here: %s", strerror(errno));
  move_fd(fd, 77);
  test_daemon();
  test_waitsig();
  struct bpf_prog_info info = {0};
  union bpf_attr ask = {.info = {.bpf_fd = 77, .info_len = sizeof(info), .info = (uintptr_t)&info}};
  must(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof(ask)));
  expect_eq(info.type, BPF_PROG_TYPE_SOCKET_FILTER);
  pass();
}
