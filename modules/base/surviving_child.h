// What must be brought to its end even if the engine is killed in the middle of it.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace cr {

/// In a child process: what is sent to the engine, or to its group, does not end it (SIGKILL to the child itself
/// does).
inline void outlive_the_engine() {
  setpgid(0, 0);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
}

/// Runs `act` in a child process, which no signal to the engine, or to its group, ends, and waits for it. What it
/// finds out has to stand in shared memory. Returns 0 or the errno of fork(2).
template <class Act>
int finish_in_child(Act&& act) {
  const pid_t pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    outlive_the_engine();
    act();
    _exit(0);
  }
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return 0;
}

}  // namespace cr
