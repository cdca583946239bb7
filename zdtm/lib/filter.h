/* Small seccomp filters: "this system call gives that errno, the rest is allowed". */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long deny_call(int number, unsigned action, unsigned flags) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};

  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static inline long deny_with_errno(int number, int error, unsigned flags) {
  return deny_call(number, SECCOMP_RET_ERRNO | error, flags);
}
