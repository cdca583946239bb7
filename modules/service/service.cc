#include "service/service.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "base/log.h"
#include "engine/pidfile.h"
#include "engine/status_fd.h"
#include "service/channel.h"
#include "service/rpc_session.h"

namespace cr::service {
namespace {

Error listening_failed(const char* step, const std::string& address, int err, std::string remedy = "") {
  return {"service", step, format("the socket {}", address), err, std::move(remedy)};
}

/// A socket that nobody listens on any more is in the way of the next service; one that answers is not ours to
/// remove.
Result<> clear_the_way(const sockaddr_un& name, socklen_t size) {
  struct stat st;
  if (lstat(name.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) return {};
  UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), size) == 0)
    return listening_failed("listen on", name.sun_path, EADDRINUSE,
                            "another service answers there; choose another --address");
  unlink(name.sun_path);
  return {};
}

Result<UniqueFd> listen_on(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.size() >= sizeof name.sun_path)
    return listening_failed("listen on", address, ENAMETOOLONG, "choose a shorter --address");
  std::memcpy(name.sun_path, address.c_str(), address.size() + 1);
  const socklen_t size = sizeof name;
  TRY(clear_the_way(name, size));
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0)
    return listening_failed("listen on", address, errno, "choose another --address");
  // Anybody may ask; what he gets is what his own rights allow.
  if (chmod(address.c_str(), 0666) != 0 || listen(fd.get(), 16) != 0)
    return listening_failed("listen on", address, errno);
  return fd;
}

/// Returns in the child. The parent leaves when the pid is written and the socket listens: who waited for it may
/// connect.
Result<> go_to_the_background(engine::Pidfile& pidfile) {
  const pid_t child = fork();
  if (child < 0) return Error{"service", "go to the background", "", errno, ""};
  if (child > 0) {
    Result<> written = pidfile.write(HostPid{child});
    if (!written.ok()) return written;
    _exit(EXIT_SUCCESS);
  }
  setsid();
  UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), fd);
  return {};
}

[[noreturn]] void serve_one(UniqueFd connection) {
  auto served = [&]() -> Result<> {
    Channel channel = TRY(Channel::open(std::move(connection)));
    TRY(channel.peer().become());
    return hold_session(channel);
  }();
  if (!served.ok()) log::error("{}", served.error().sentence());
  _exit(served.ok() ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace

Result<> serve_connection(int fd) {
  Channel channel = TRY(Channel::open(UniqueFd(fd)));
  return hold_session(channel);
}

Result<> serve(const Options& o) {
  UniqueFd listener = TRY(listen_on(o.address));
  engine::Pidfile pidfile = TRY(engine::Pidfile::create(o.pidfile));
  if (o.daemon || o.restore_detached)
    TRY(go_to_the_background(pidfile));
  else
    TRY(pidfile.write(HostPid{getpid()}));
  TRY(engine::report_ready(o.status_fd));
  signal(SIGCHLD, SIG_DFL);
  for (;;) {
    UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int err = errno;
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (!connection) {
      if (err == EINTR || err == ECONNABORTED) continue;
      return listening_failed("accept on", o.address, err);
    }
    const pid_t child = fork();
    if (child < 0) log::error("{}", listening_failed("serve a caller of", o.address, errno).sentence());
    if (child != 0) continue;
    listener.reset();
    serve_one(std::move(connection));
  }
}

}  // namespace cr::service
