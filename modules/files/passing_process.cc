#include "files/passing_process.h"

#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr int kFarewell = SIGTERM;

/// The whole of its life, with all signals blocked.
[[noreturn]] void live_until_told(int status) {
  sigset_t word;
  sigemptyset(&word);
  sigaddset(&word, kFarewell);
  int got = 0;
  while (sigwait(&word, &got) != 0) {
  }
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  const int end = WTERMSIG(status);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  signal(end, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  kill(getpid(), end);
  for (;;) sigsuspend(&none);
}

}  // namespace

Result<PassingProcess> PassingProcess::make(NsPid wanted, const std::string& object, int status) {
  pid_t tid = wanted.value;
  clone_args args{};
  if (tid > 0) {
    args.set_tid = reinterpret_cast<std::uint64_t>(&tid);
    args.set_tid_size = 1;
  }
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
  if (pid == 0) live_until_told(status);
  const int err = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0)
    return fail(format("make a process with pid {} for", wanted), object, err,
                err == EEXIST ? "another process has that pid now" : "");
  return PassingProcess(pid, status == SIGKILL ? SIGKILL : kFarewell);
}

PassingProcess::~PassingProcess() {
  if (pid_ <= 0) return;
  kill(pid_, farewell_);
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace cr::files
