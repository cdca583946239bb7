/* zdtm:
 * title: a socket whose filter is an eBPF program is refused by name; the filter stays
 * refuse: SO_ATTACH_BPF
 * network: own
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <sys/syscall.h>

#include "inet.h"

/* A program that lets nothing pass. */
static int drop_all(void) {
  struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0}, {.code = BPF_JMP | BPF_EXIT}};
  union bpf_attr a = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2};
  a.insns = (unsigned long)code;
  a.license = (unsigned long)"GPL";
  return syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = bound(AF_INET, SOCK_DGRAM, 0), from = bound(AF_INET, SOCK_DGRAM, 0), program = drop_all();
  struct at at = own_address(fd);
  if (program < 0) skip("no eBPF: %s", strerror(errno));
  set_option(fd, SOL_SOCKET, SO_ATTACH_BPF, program);
  close(program);

  test_daemon();
  test_waitsig();

  must(sendto(from, "x", 1, 0, sa(&at), at.size));
  struct pollfd p = {fd, POLLIN, 0};
  expect_eq(poll(&p, 1, 50), 0);
  set_option(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
  must(sendto(from, "y", 1, 0, sa(&at), at.size));
  expect_read(fd, "y");
  pass();
}
