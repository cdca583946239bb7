#include "core/opener.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "core/stages.h"

namespace cr::core {
namespace {

enum class Wish { kOpen, kIoctl, kPidfd, kTake };

struct Request {
  Wish wish;
  unsigned long ioctl;
  open_how how;
  int pid, number;      // kPidfd: flags; kTake: the descriptor
  char text[PATH_MAX];  // the path, or the argument
};
static_assert(kIoctlRoom < PATH_MAX);

/// A message of one object and some descriptors.
template <class T, int kFds>
class Message {
 public:
  explicit Message(T& object) : part_{&object, sizeof object} {
    header_.msg_iov = &part_;
    header_.msg_iovlen = 1;
  }
  bool send(int socket, const int (&fds)[kFds], int count) {
    header_.msg_control = count > 0 ? control_ : nullptr;
    header_.msg_controllen = count > 0 ? CMSG_SPACE(sizeof(int) * static_cast<std::size_t>(count)) : 0;
    if (count > 0) {
      cmsghdr* c = CMSG_FIRSTHDR(&header_);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(sizeof(int) * static_cast<std::size_t>(count));
      std::memcpy(CMSG_DATA(c), fds, sizeof(int) * static_cast<std::size_t>(count));
    }
    return sendmsg(socket, &header_, MSG_NOSIGNAL) == static_cast<ssize_t>(part_.iov_len);
  }
  bool receive(int socket, UniqueFd (&fds)[kFds]) {
    header_.msg_control = control_;
    header_.msg_controllen = sizeof control_;
    ssize_t n = 0;
    do n = recvmsg(socket, &header_, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != static_cast<ssize_t>(part_.iov_len)) return false;
    const cmsghdr* c = CMSG_FIRSTHDR(&header_);
    for (std::size_t i = 0; c != nullptr && i < kFds && CMSG_LEN(sizeof(int) * (i + 1)) <= c->cmsg_len; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(c) + sizeof fd * i, sizeof fd);
      fds[i].reset(fd);
    }
    return true;
  }

 private:
  iovec part_;
  msghdr header_{};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int) * kFds)] = {};
};

int call_openat2(int directory, const char* path, const open_how& how) {
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

/// What the tasks can't do themselves. Sets errno.
UniqueFd fulfil(Request& request, int about) {
  errno = 0;
  switch (request.wish) {
    case Wish::kOpen:
      return UniqueFd(call_openat2(about, request.text, request.how));
    case Wish::kIoctl:
      ioctl(about, request.ioctl, request.text);
      return {};
    case Wish::kPidfd:
      return UniqueFd(static_cast<int>(syscall(434 /* pidfd_open */, request.pid, request.number)));
    case Wish::kTake: {
      const UniqueFd process(static_cast<int>(syscall(434 /* pidfd_open */, request.pid, 0)));
      if (!process) return {};
      return UniqueFd(static_cast<int>(syscall(438 /* pidfd_getfd */, process.get(), request.number, 0)));
    }
  }
  return {};
}

void serve(int server) {
  for (;;) {
    Request request{};
    UniqueFd with[2];  // where to answer; the directory, or what the call is about
    if (!Message<Request, 2>(request).receive(server, with)) return;
    request.text[sizeof request.text - 1] = '\0';
    const UniqueFd fd = fulfil(request, with[1].get());
    int err = fd ? 0 : errno;
    Message<int, 1>(err).send(with[0].get(), {fd.get()}, fd ? 1 : 0);
  }
}

/// Returns errno; of an open that went well, `got` is its descriptor.
int ask(int opener, Request& request, int about, UniqueFd (&got)[1]) {
  int ends[2], err = 0;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  UniqueFd mine(ends[0]), theirs(ends[1]);
  const bool sent = Message<Request, 2>(request).send(opener, {theirs.get(), about}, about < 0 ? 1 : 2);
  theirs.reset();
  if (!sent || !Message<int, 1>(err).receive(mine.get(), got)) return EACCES;
  return err;
}

UniqueFd ask_for_fd(int opener, Wish wish, HostPid pid, int number) {
  Request request{};
  UniqueFd got[1];
  request.wish = wish;
  request.pid = pid.value;
  request.number = number;
  errno = opener < 0 ? ESRCH : ask(opener, request, -1, got);
  return std::move(got[0]);
}

UniqueFd ask_to_open(int opener, int directory, const char* path, const open_how& how) {
  Request request{};
  UniqueFd got[1];
  request.how = how;
  std::strncpy(request.text, path, sizeof request.text - 1);
  const int err = ask(opener, request, directory, got);
  // The flag is the descriptor's, and this is another one.
  if (got[0] && (how.flags & O_CLOEXEC) == 0) fcntl(got[0].get(), F_SETFD, 0);
  errno = err;
  return std::move(got[0]);
}

}  // namespace

Result<Opener> Opener::start(int number) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{"core", "make", "a socket to the coordinator", errno, ""};
  const UniqueFd low_client(ends[0]), low_server(ends[1]);
  Opener o;
  o.client_.reset(fcntl(ends[0], F_DUPFD_CLOEXEC, number));
  o.server_.reset(fcntl(ends[1], F_DUPFD_CLOEXEC, number));
  if (!o.client_ || !o.server_)
    return Error{"core", "move", "a socket to the coordinator", errno, "raise the limit of open files"};
  o.thread_ = std::thread(serve, o.server_.get());
  return o;
}

Opener::~Opener() {
  if (!thread_.joinable()) return;
  shutdown(server_.get(), SHUT_RDWR);
  thread_.join();
}

UniqueFd open_as_engine(int opener, int directory, const char* path, const open_how& how) {
  UniqueFd fd(call_openat2(directory, path, how));
  if (fd || opener < 0 || (errno != EACCES && errno != EPERM)) return fd;
  return ask_to_open(opener, directory, path, how);
}

UniqueFd pidfd_from_engine(int opener, HostPid pid, unsigned flags) {
  return ask_for_fd(opener, Wish::kPidfd, pid, static_cast<int>(flags));
}

UniqueFd fd_from_engine(int opener, HostPid pid, int number) { return ask_for_fd(opener, Wish::kTake, pid, number); }

UniqueFd open_own_mapping(int opener, int proc, const void* start, std::size_t length, int flags) {
  const SysResult pid = pid_in_proc(proc);
  const auto from = reinterpret_cast<std::uintptr_t>(start);
  const std::string path = format("{}/map_files/{:x}-{:x}", pid.ok() ? pid.raw() : 0, from, from + length);
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  return open_as_engine(opener, proc, path.c_str(), how);
}

int ioctl_as_engine(int opener, int fd, unsigned long call, const void* argument, std::size_t size) {
  Request request{};
  std::memcpy(request.text, argument, std::min(size, kIoctlRoom));
  if (ioctl(fd, call, request.text) == 0) return 0;
  if (opener < 0 || (errno != EPERM && errno != EIO)) return -1;  // EIO: TIOCSTI without the sysctl legacy_tiocsti
  UniqueFd got[1];
  request.wish = Wish::kIoctl;
  request.ioctl = call;
  errno = ask(opener, request, fd, got);
  return errno == 0 ? 0 : -1;
}

}  // namespace cr::core
