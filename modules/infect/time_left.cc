#include "infect/time_left.h"

#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"
#include "infect/proc_thread.h"
#include "infect/restart_table.h"
#include "infect/sleep_note.h"
#include "infect/tracee.h"

namespace cr::infect {
namespace {

constexpr std::uint64_t kNsPerSec = 1'000'000'000, kNsPerUs = 1000, kUsPerSec = 1'000'000;

int option_of(Timeout t) { return t == Timeout::kSocketSend ? SO_SNDTIMEO : SO_RCVTIMEO; }

/// A copy of descriptor `fd` of process `pid` (pidfd_getfd(2), Linux 5.6).
UniqueFd descriptor_of(HostPid pid, std::uint64_t fd) {
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid.value, 0)));
  if (!process) return UniqueFd();
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), static_cast<int>(fd), 0)));
}

std::optional<timeval> socket_timeout(int socket, int option) {
  timeval value{};
  socklen_t size = sizeof value;
  if (getsockopt(socket, SOL_SOCKET, option, &value, &size) != 0) return std::nullopt;
  if (value.tv_sec == 0 && value.tv_usec == 0) return std::nullopt;  // none
  return value;
}

void detach(HostPid tid) { (void)ptrace_request(PTRACE_DETACH, tid, 0, nullptr); }

bool handler_comes_first(HostPid pid, HostPid tid) {
  std::uint64_t mask = 0;
  const auto status = read_status(pid, tid);
  if (!status || !get_sigmask(tid, mask).ok()) return true;
  return ((status->pending | status->shared_pending) & ~mask & status->caught) != 0;
}

void detach_behind_pointer(HostPid tid, const InterruptedCall& call, const arch::Regs& regs, std::uint64_t left_ns) {
  const std::uint64_t at =
      (arch::sp(regs) - arch::kRedZone - sizeof(timespec)) & ~std::uint64_t{sizeof(timespec) - 1};
  arch::Regs with_rest = regs;
  arch::set_syscall_arg(with_rest, call.arg, at);
  if (ptrace_request(PTRACE_POKEDATA, tid, at, left_ns / kNsPerSec).ok() &&
      ptrace_request(PTRACE_POKEDATA, tid, at + sizeof(std::uint64_t), left_ns % kNsPerSec).ok())
    (void)set_regs(tid, with_rest);
  detach(tid);
}

/// In a process of its own: returns when the thread sleeps in the call, or does not do so soon.
void await_sleep(HostPid pid, HostPid tid, long nr) {
  constexpr int kLooks = 2000;
  constexpr useconds_t kPause_us = 50;
  std::uint64_t args[6];
  for (int i = 0; i < kLooks && sleeping_in(pid, tid, args) != nr; ++i) usleep(kPause_us);
}

void detach_from_socket(HostPid pid, HostPid tid, const InterruptedCall& call, const arch::Regs& regs,
                        std::uint64_t left_ns) {
  const UniqueFd socket = descriptor_of(pid, arch::syscall_arg(regs, call.arg));
  const int option = option_of(call.timeout);
  const auto whole = socket ? socket_timeout(socket.get(), option) : std::nullopt;
  int ready[2];
  if (!whole || pipe(ready) != 0) return detach(tid);
  UniqueFd reader(ready[0]), writer(ready[1]);
  const std::uint64_t left_us = std::max<std::uint64_t>(1, (left_ns + kNsPerUs - 1) / kNsPerUs);
  const timeval rest{static_cast<time_t>(left_us / kUsPerSec), static_cast<suseconds_t>(left_us % kUsPerSec)};
  const pid_t keeper = fork();
  if (keeper == 0) {
    setsid();  // what ends the engine from a terminal does not end it
    setsockopt(socket.get(), SOL_SOCKET, option, &rest, sizeof rest);
    writer.reset();
    await_sleep(pid, tid, call.nr);
    setsockopt(socket.get(), SOL_SOCKET, option, &*whole, sizeof *whole);
    _exit(0);
  }
  writer.reset();
  // The next sleep is the one in the call: a thread that has slept more often is in another.
  if (const auto status = read_status(pid, tid))
    note_due(tid, regs, monotonic_now_ns() + left_ns, status->sleeps + 1);
  char none;
  while (keeper > 0 && read(reader.get(), &none, 1) < 0 && errno == EINTR) {
  }
  detach(tid);
  while (keeper > 0 && waitpid(keeper, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

bool begins_anew(long nr) {
  const InterruptedCall* call = interrupted_call(nr);
  return call != nullptr && (call->timeout == Timeout::kTimespec || is_of_socket(call->timeout));
}

std::optional<std::uint64_t> time_left(HostPid pid, const SeizedThread& t, int mem_fd) {
  if (t.restart.kind != arch::RestartKind::kEintr || !begins_anew(t.restart.nr) || !t.restart.blocked_for_ns)
    return std::nullopt;
  const InterruptedCall& call = *interrupted_call(t.restart.nr);
  const std::uint64_t argument = arch::syscall_arg(t.regs, call.arg);
  std::uint64_t whole_ns = 0;
  if (is_of_socket(call.timeout)) {
    // The option is that of the whole call; whoever cut it before has left a note.
    const std::uint64_t now = monotonic_now_ns();
    if (const auto due = noted_due(t.tid, t.regs, now, t.restart.sleeps)) return *due - now;
    const UniqueFd socket = descriptor_of(pid, argument);
    const auto whole = socket ? socket_timeout(socket.get(), option_of(call.timeout)) : std::nullopt;
    if (!whole) return std::nullopt;
    whole_ns = (static_cast<std::uint64_t>(whole->tv_sec) * kUsPerSec + static_cast<std::uint64_t>(whole->tv_usec)) *
               kNsPerUs;
  } else {
    timespec whole;
    if (argument == 0 || pread(mem_fd, &whole, sizeof whole, static_cast<off_t>(argument)) != sizeof whole ||
        whole.tv_sec < 0 || whole.tv_nsec < 0)
      return std::nullopt;
    whole_ns = static_cast<std::uint64_t>(whole.tv_sec) * kNsPerSec + static_cast<std::uint64_t>(whole.tv_nsec);
  }
  return whole_ns > *t.restart.blocked_for_ns ? whole_ns - *t.restart.blocked_for_ns : 0;
}

void detach_with_time(HostPid pid, HostPid tid, long nr, const arch::Regs& regs, std::uint64_t left_ns) {
  const InterruptedCall* call = interrupted_call(nr);
  if (call == nullptr || !begins_anew(nr) || handler_comes_first(pid, tid)) return detach(tid);
  if (is_of_socket(call->timeout)) return detach_from_socket(pid, tid, *call, regs, left_ns);
  detach_behind_pointer(tid, *call, regs, left_ns);
}

}  // namespace cr::infect
