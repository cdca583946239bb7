// A thread frozen inside a restartable sequence: after foreign code has run in it, only its abort handler may follow.
#include <gtest/gtest.h>
#include <sys/rseq.h>
#include <sys/syscall.h>

#include "infect/parasite_session.h"
#include "infect/tests/target.h"

// long sequence(struct rseq*): 0 when the section ran through, 1 when it was aborted.
asm(R"(
    .pushsection .data
    .balign 32
section_descriptor:
    .long 0, 0
    .quad section_start, section_end - section_start, section_abort
    .popsection
    .pushsection .text
    .globl sequence, section_start, section_end, section_abort
sequence:
    lea section_descriptor(%rip), %rax
    mov %rax, 8(%rdi)
section_start:
    mov $300000000, %rcx
1:  dec %rcx
    jnz 1b
section_end:
    movq $0, 8(%rdi)
    xor %eax, %eax
    ret
    .long 0x53053053
section_abort:
    mov $1, %eax
    ret
    .popsection
)");
extern "C" {
long sequence(void* rseq);
extern const char section_start[], section_end[], section_abort[];
}

namespace cr::infect::test {
namespace {

TEST(Rseq, ThreadIsMovedToItsAbortHandler) {
  Target target([](Shared& s) {
    auto* rseq = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
    if (__rseq_size == 0) s.error = ENOSYS;
    s.ready = 1;
    for (;;) {
      if (sequence(rseq) == 1) s.result = s.result + 1;
      s.progress = s.progress + 1;
    }
  });
  ASSERT_TRUE(target.wait_ready());
  if (target.shared().error != 0) GTEST_SKIP() << "the C library has not registered rseq";
  int moved = 0;
  for (int i = 0; i < 20; ++i) {
    usleep(7000);
    auto task = SeizedTask::seize(target.pid());
    ASSERT_TRUE(task.ok());
    const std::uint64_t ip = arch::ip(task.value().threads()[0].regs);
    EXPECT_FALSE(ip >= reinterpret_cast<std::uint64_t>(section_start) &&
                 ip < reinterpret_cast<std::uint64_t>(section_end));
    const bool at_abort = ip == reinterpret_cast<std::uint64_t>(section_abort);
    moved += at_abort;
    const long aborted = target.shared().result;
    auto session = ParasiteSession::open(task.value());
    ASSERT_TRUE(session.ok());
    ASSERT_TRUE(session.value().remote_syscall(task.value().threads()[0], SYS_getpid).ok());
    ASSERT_TRUE(session.value().close().ok());
    ASSERT_TRUE(task.value().detach().ok());
    if (at_abort) {
      EXPECT_TRUE(target.eventually([&] { return target.shared().result > aborted; }));
    }
  }
  EXPECT_GT(moved, 10);
}

}  // namespace
}  // namespace cr::infect::test
