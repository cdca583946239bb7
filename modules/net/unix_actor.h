// Doing something in the name of another process: the kernel notes who calls listen(2), connect(2) and socketpair(2)
// (SO_PEERCRED, SO_PEERGROUPS), and lets nobody send credentials of a process that does not exist.
#pragma once

#include <functional>

#include "net/unix_socket.h"

namespace cr::net {

/// Runs `call`, which gives 0 or an errno, so that the kernel notes `who`, and gives its result. A process that is
/// gone is made anew for it. When the pid is another living process's, ours is noted, and the log says so. `call` may
/// leave nothing behind but descriptors: the process may have memory of its own.
int call_as(const UnixCreds& who, const std::string& object, const std::function<int()>& call);
/// socketpair(2) so.
int make_pair_as(const UnixCreds& who, const std::string& object, int type, int fds[2]);

/// While it lives there is a process, be it a zombie, with that pid.
class PidHolder {
 public:
  explicit PidHolder(pid_t pid);
  PidHolder(const PidHolder&) = delete;
  PidHolder& operator=(const PidHolder&) = delete;
  ~PidHolder();
  bool exists() const { return exists_; }

 private:
  pid_t made_ = 0;
  bool exists_ = false;
};

}  // namespace cr::net
