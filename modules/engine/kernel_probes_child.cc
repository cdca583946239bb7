#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "arch/host.h"
#include "base/end_child.h"
#include "base/unique_fd.h"
#include "engine/kernel_probes.h"

namespace cr::engine::probe {
namespace {

// Newer than the headers that the build may find.
constexpr int kGetRseqConfiguration = 0x420f;  // Linux 5.13
constexpr int kGetSyscallDispatch = 0x4211;    // Linux 6.4
constexpr long kSuspendSeccomp = 1l << 21;     // PTRACE_O_SUSPEND_SECCOMP, Linux 4.3
constexpr int kPeekSigInfo = 0x4209;           // Linux 3.10
constexpr int kGetSigMask = 0x420a;            // Linux 3.11
constexpr int kSeccompGetFilter = 0x420c;      // Linux 4.4

/// A child that does nothing, for the time of one probe.
class Subject {
 public:
  /// `set_up` runs in the child; the child is there when it has come back.
  explicit Subject(bool (*set_up)() = nullptr) {
    int ends[2];
    if (pipe(ends) < 0) return;
    UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      char ready = !set_up || set_up();
      if (write(to.get(), &ready, 1) != 1) _exit(1);
      while (true) pause();
    }
    to.reset();
    char ready = 0;
    ready_ = pid_ > 0 && read(from.get(), &ready, 1) == 1 && ready;
  }
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  ~Subject() {
    if (pid_ > 0) end_child(pid_);  // the answer is made from errno, which that leaves alone
  }

  /// Brings it into a ptrace stop. False with errno.
  bool seize(long options = 0) {
    if (!ready_ || ptrace(PTRACE_SEIZE, pid_, nullptr, options) < 0) return false;
    if (ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr) < 0) return false;
    int status = 0;
    return waitpid(pid_, &status, __WALL) == pid_ && WIFSTOPPED(status);
  }
  bool ready() const { return ready_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool ready_ = false;
};

long request(int what, pid_t pid, void* address, void* data) {
  return ptrace(static_cast<__ptrace_request>(what), pid, address, data);
}

void* as_size(std::uintptr_t size) { return reinterpret_cast<void*>(size); }

bool allow_everything() {
  sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  sock_fprog program{.len = 1, .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

Answer ptrace_seize() {
  Subject s;
  return by_errno(s.seize());
}

Answer ptrace_signals() {
  Subject s;
  if (!s.seize()) return by_errno(false);
  std::uint64_t mask = 0;
  struct {
    std::uint64_t offset;
    std::uint32_t flags;
    std::int32_t count;
  } what{0, 0, 1};
  siginfo_t info;
  return by_errno(request(kGetSigMask, s.pid(), as_size(sizeof mask), &mask) == 0 &&
                  request(kPeekSigInfo, s.pid(), &what, &info) == 0);
}

Answer compat_programs() {
  // A kernel without them kills who makes such a call.
  Subject child([] {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return arch::compat_call(arch::kCompatGetpid, 0, 0, 0, 0).ok();
  });
  return child.ready() ? Answer{true, {}} : Answer{false, "the kernel runs none (CONFIG_IA32_EMULATION)"};
}

Answer ptrace_rseq() {
  Subject s;
  std::uint64_t config[3];
  return by_errno(s.seize() && request(kGetRseqConfiguration, s.pid(), as_size(sizeof config), config) >= 0);
}

Answer ptrace_syscall_dispatch() {
  Subject s;
  std::uint64_t config[4];
  return by_errno(s.seize() && request(kGetSyscallDispatch, s.pid(), as_size(sizeof config), config) >= 0);
}

Answer suspend_seccomp() {
  Subject s;
  return by_errno(s.seize(kSuspendSeccomp));
}

Answer seccomp_filters() {
  Subject s(allow_everything);
  if (!s.ready()) return {false, "a seccomp filter can't be installed"};
  return by_errno(s.seize() && request(kSeccompGetFilter, s.pid(), nullptr, nullptr) == 1);
}

Answer pidfd_getfd() {
  Subject s;
  if (!s.ready()) return by_errno(false);
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, s.pid(), 0)));
  if (!pidfd) return by_errno(false);
  // 2000 is not open in the child: a kernel that can would say so, and not that it can't.
  UniqueFd got(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), 2000, 0)));
  return by_errno(got || errno == EBADF);
}

}  // namespace cr::engine::probe
