#include "infect/thread_state.h"

#include <linux/futex.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "infect/proc_thread.h"
#include "infect/restart_table.h"
#include "infect/sleep_clock.h"
#include "infect/tracee.h"

namespace cr::infect {
namespace {

constexpr int kGetRseqConfiguration = 0x420f;  // PTRACE_GET_RSEQ_CONFIGURATION, 5.13
constexpr int kGetDispatchConfig = 0x4211;     // PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, 6.4

bool is_socket(HostPid pid, HostPid tid, std::uint64_t fd) {
  char target[sizeof "socket:"];
  const std::string link = format("/proc/{}/task/{}/fd/{}", pid, tid, static_cast<int>(fd));
  const ssize_t n = readlink(link.c_str(), target, sizeof target);
  return n > 0 && std::string_view(target, static_cast<std::size_t>(n)).starts_with("socket:");
}

/// Whether the call's timeout is one that runs: there, finite, relative. (Whether a socket has one is not asked yet.)
bool has_relative_timeout(HostPid pid, HostPid tid, long nr, std::span<const std::uint64_t, 6> args) {
  const InterruptedCall* call = interrupted_call(nr);
  if (call == nullptr || call->timeout == Timeout::kNone) return false;
  if (nr == __NR_restart_syscall) return true;
  const std::uint64_t timeout = args[static_cast<std::size_t>(call->arg)];
  if (is_of_socket(call->timeout)) return is_socket(pid, tid, timeout);
  if (nr == arch::kNrPoll || call->timeout == Timeout::kMilliseconds) return static_cast<int>(timeout) > 0;
  if (nr == __NR_futex) return timeout != 0 && (args[1] & FUTEX_CMD_MASK) == FUTEX_WAIT;
  if (nr == __NR_clock_nanosleep) return (args[1] & TIMER_ABSTIME) == 0;
  return timeout != 0;
}

/// The call that restart_syscall goes on with, by the function the thread sleeps in.
long continued_call(HostPid pid, HostPid tid) {
  const std::string wchan = wchan_of(pid, tid);
  if (wchan.find("poll") != wchan.npos) return arch::kNrPoll;
  if (wchan.find("futex") != wchan.npos) return __NR_futex;
  // The functions that go on with a sleep may be left out, as parts of the scheduler, down to the system call's
  // entry.
  for (const char* part : {"nanosleep", "nsleep", "syscall"})
    if (wchan.find(part) != wchan.npos) return __NR_nanosleep;
  return __NR_restart_syscall;
}

/// struct rseq_cs (include/uapi/linux/rseq.h).
struct RseqSection {
  std::uint32_t version, flags;
  std::uint64_t start, length, abort;
};

void leave_rseq_section(SeizedThread& t, int mem_fd) {
  constexpr std::uint64_t kSectionPointer = 8;  // offsetof(struct rseq, rseq_cs)
  long section = 0;
  if (!ptrace_request(PTRACE_PEEKDATA, t.tid, t.rseq.pointer + kSectionPointer, &section).ok() || section == 0)
    return;
  RseqSection cs{};
  if (pread(mem_fd, &cs, sizeof cs, section) != sizeof cs) return;
  if (arch::ip(t.regs) - cs.start >= cs.length) return;
  arch::set_ip(t.regs, cs.abort);
}

/// What the thread slept in before it was stopped, for architectures whose kernel does not show it afterwards.
void note_interrupted(SeizedThread& t, int mem_fd) {
  const InterruptedCall* call = interrupted_call(t.restart.nr);
  const bool timed = t.restart.has_timeout && call != nullptr && call->timeout == Timeout::kKept;
  std::uint32_t code[2] = {};
  if (pread(mem_fd, code, sizeof code, static_cast<off_t>(arch::ip(t.regs) - sizeof code[0])) != sizeof code) return;
  arch::note_interrupted(t.regs, {t.restart.nr, t.restart.first_argument, timed, t.restart.continued}, code[0],
                         code[1]);
}

/// How much of an area of `size` bytes that ptrace has filled holds anything. (Frames lie on stacks that may be
/// short.)
template <class A>
std::size_t used_xstate(const std::byte* area, std::size_t size) {
  if constexpr (requires { A::used_xstate(area, size); })
    return A::used_xstate(area, size);
  else
    return size;
}

/// The extended registers: the first of the regsets that there is, or all of them, one behind the other. Their size.
Result<std::size_t> read_xstate(HostPid tid, std::span<std::byte> buffer) {
  std::size_t size = 0;
  SysResult r(-ENODEV);
  for (unsigned regset : arch::kXstateRegsets) {
    iovec v{&buffer[size], buffer.size() - size};
    r = ptrace_request(PTRACE_GETREGSET, tid, regset, &v);
    if (r.ok()) size += v.iov_len;
    if (r.ok() != arch::kXstateIsAll) break;
  }
  if (size > 0) return size;
  return Error{"infect", "read the extended registers of", format("thread {}", tid), r.err(), ""};
}

}  // namespace

RestartInfo sample_sleep(HostPid pid, HostPid tid, SleepClock& clock) {
  RestartInfo info;
  std::uint64_t args[6] = {};
  info.nr = sleeping_in(pid, tid, args);
  info.first_argument = args[0];
  if (info.nr < 0 || !has_relative_timeout(pid, tid, info.nr, args)) return info;
  info.has_timeout = true;
  info.blocked_for_ns = clock.asleep_ns(pid, tid);
  if (is_of_socket(interrupted_call(info.nr)->timeout))
    if (const auto status = read_status(pid, tid)) info.sleeps = status->sleeps;
  info.continued = info.nr == __NR_restart_syscall;
  if (info.continued) info.nr = continued_call(pid, tid);
  return info;
}

Result<bool> capture(SeizedThread& t, int mem_fd) {
  if (!get_regs(t.tid, t.regs).ok()) return false;
  if (arch::is_compat(t.regs) && arch::kMapCompat == 0)
    return Error{"infect", "freeze", format("thread {}", t.tid), ENOTSUP,
                 "it runs 32-bit code, which is not supported"};
  alignas(64) std::byte buffer[arch::kMaxXstate];
  const std::size_t size = TRY(read_xstate(t.tid, buffer));
  t.xstate.assign(buffer, buffer + used_xstate<arch::Host>(buffer, size));
  if (!get_sigmask(t.tid, t.sigmask).ok()) return false;
  (void)ptrace_request(kGetRseqConfiguration, t.tid, sizeof t.rseq, &t.rseq);
  t.dispatch_shown = ptrace_request(kGetDispatchConfig, t.tid, sizeof t.dispatch, &t.dispatch).ok();
  std::uint64_t shadow = 0;
  iovec v{&shadow, sizeof shadow};
  t.shadow_stack = ptrace_request(PTRACE_GETREGSET, t.tid, arch::kShadowStackRegset, &v).ok() && shadow != 0;
  if (t.rseq.pointer != 0) leave_rseq_section(t, mem_fd);

  if constexpr (arch::kHidesCalls) note_interrupted(t, mem_fd);
  const long nr = arch::syscall_nr(t.regs);
  const bool same_call = nr == t.restart.nr || (nr == __NR_restart_syscall && t.restart.continued);
  if (!same_call) t.restart = {};  // it went on between the look and the stop
  if (!t.restart.continued) t.restart.nr = nr;
  t.restart.kind = arch::restart_kind(t.regs);
  return true;
}

void hide_eintr(SeizedThread& t, HostPid pid) {
  const InterruptedCall* call = interrupted_call(arch::syscall_nr(t.regs));
  if (call == nullptr || !call->returns_eintr || arch::return_value(t.regs) != -EINTR) return;
  const auto status = read_status(pid, t.tid);
  if (!status || ((status->pending | status->shared_pending) & ~t.sigmask & status->caught) != 0) return;
  arch::Regs again = arch::rewound(t.regs);
  if (call->timeout == Timeout::kMilliseconds && t.restart.blocked_for_ns) {
    const auto slept = static_cast<std::int64_t>(*t.restart.blocked_for_ns / 1000000);
    const int asked = static_cast<int>(arch::syscall_arg(again, call->arg));
    if (asked > 0)
      arch::set_syscall_arg(again, call->arg, static_cast<std::uint64_t>(std::max<std::int64_t>(asked - slept, 0)));
  }
  // The calls with a mask of their own (epoll_pwait) put the program's back before they return; SETSIGMASK drops the
  // kernel's note to do so. First the registers: with the mask alone a signal could come in between.
  if (!set_regs(t.tid, again).ok() || !set_sigmask(t.tid, t.sigmask).ok()) return;
  t.restart.as_interrupted = t.regs;
  t.restart.kind = arch::RestartKind::kEintr;
  t.regs = again;
}

bool settle_eintr(SeizedThread& t, HostPid pid) {
  if (!t.restart.as_interrupted) return false;
  const auto status = read_status(pid, t.tid);
  if (!status || ((status->pending | status->shared_pending) & ~t.sigmask & status->caught) == 0) return true;
  (void)set_regs(t.tid, *t.restart.as_interrupted);
  return false;
}

}  // namespace cr::infect
