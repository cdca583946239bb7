#include "infect/exec_watchdog.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace cr::infect {
namespace {

constexpr long kPeriodNs = 5000000;

int watchdog_signal() { return SIGRTMAX - 3; }

void on_timer(int, siginfo_t* info, void*) {
  if (info->si_code != SI_TIMER) return;
  const int before = errno;
  reap_exited(*static_cast<const std::span<const HostPid>*>(info->si_value.sival_ptr));
  errno = before;
}

bool install_handler() {
  struct sigaction action {};
  action.sa_sigaction = on_timer;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, watchdog_signal());
  return sigaction(watchdog_signal(), &action, nullptr) == 0 && pthread_sigmask(SIG_UNBLOCK, &only, nullptr) == 0;
}

}  // namespace

void reap_exited(std::span<const HostPid> tids) {
  for (HostPid tid : tids) {
    // Ptrace stops are reported, and used up, whatever the options say (wait_task_stopped): look before taking.
    siginfo_t info{};
    const auto id = static_cast<id_t>(tid.value);
    if (waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 || info.si_pid == 0) continue;
    if (info.si_code != CLD_EXITED && info.si_code != CLD_KILLED && info.si_code != CLD_DUMPED) continue;
    (void)waitid(P_PID, id, &info, WEXITED | WNOHANG | __WALL);
  }
}

ExecWatchdog::ExecWatchdog(std::span<const HostPid> tids) : tids_(tids) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = watchdog_signal();
  event._sigev_un._tid = gettid();
  event.sigev_value.sival_ptr = &tids_;
  if (!install_handler() || timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) return;
  const itimerspec period{{0, kPeriodNs}, {0, kPeriodNs}};
  armed_ = timer_settime(timer_, 0, &period, nullptr) == 0;
}

// A signal that is still queued would find no object any more: take it away while nobody else can see it.
ExecWatchdog::~ExecWatchdog() {
  if (!armed_) return;
  sigset_t only, before;
  sigemptyset(&only);
  sigaddset(&only, watchdog_signal());
  pthread_sigmask(SIG_BLOCK, &only, &before);
  timer_delete(timer_);
  const timespec now{};
  while (sigtimedwait(&only, nullptr, &now) == watchdog_signal()) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace cr::infect
