// Ending a helper process.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace cr {

/// Kills a child and reaps it. One that can't be killed is not waited for: let it have PR_SET_PDEATHSIG, so that it
/// ends with its maker. Leaves errno alone.
inline void end_child(pid_t pid) {
  const int err = errno;
  if (kill(pid, SIGKILL) == 0)
    while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  errno = err;
}

}  // namespace cr
