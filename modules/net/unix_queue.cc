#include "net/unix_queue.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "base/defer.h"
#include "net/errors.h"
#include "net/sk_opts.h"
#include "net/unix_name.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

namespace cr::net {
namespace {

constexpr uid_t kOverflowId = 65534;
constexpr std::size_t kMostRights = 253;  // SCM_MAX_FD of the kernel
constexpr std::size_t kControl = 4096;
static_assert(kControl >= CMSG_SPACE(kMostRights * sizeof(int)) + CMSG_SPACE(sizeof(ucred)) +
                              CMSG_SPACE(sizeof(int)) + CMSG_SPACE(256));

/// Where messages are copied to first; not filled with zeros each time.
struct Room {
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t size;
};

/// For all that waits in a stream; for a datagram what a sender can have in its buffer without privilege, and more.
Room make_room(int waiting) {
  const std::size_t size = std::max(static_cast<std::size_t>(waiting) + 1, std::size_t{4} << 20);
  return {std::unique_ptr<std::uint8_t[]>(new std::uint8_t[size]), size};
}

void take_control(msghdr& m, PeekedMessage& out) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    const std::size_t size = c->cmsg_len - CMSG_LEN(0);
    if (c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_PIDFD) {
      for (std::size_t i = 0; i + sizeof(int) <= size; i += sizeof(int)) {
        int fd;
        std::memcpy(&fd, CMSG_DATA(c) + i, sizeof fd);
        UniqueFd own(fd);
        // A pidfd of the sender is made for the receiver anew each time.
        if (c->cmsg_type == SCM_RIGHTS) out.rights.push_back(std::move(own));
      }
    } else if (c->cmsg_type == SCM_CREDENTIALS && size >= sizeof(ucred)) {
      ucred creds;
      std::memcpy(&creds, CMSG_DATA(c), sizeof creds);
      // Nobody wanted to know when it was sent: such a message tells of pid 0 and the overflow ids.
      if (creds.pid != 0 || creds.uid != kOverflowId) out.creds = creds;
    }
  }
}

/// One look at the queue; false when there is nothing (more) to see.
Result<bool> peek_one(int fd, Room& room, const std::string& object, PeekedMessage& out) {
  alignas(cmsghdr) char control[kControl];
  iovec part{room.bytes.get(), room.size};
  sockaddr_storage from{};
  msghdr m{};
  m.msg_name = &from;
  m.msg_namelen = sizeof from;
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control;
  m.msg_controllen = sizeof control;
  const ssize_t n = recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  // ECONNRESET and other pending errors are told only after the data.
  if (n < 0 && (errno == EAGAIN || errno == ECONNRESET || errno == ENOTCONN)) return false;
  if (n < 0) return failed("look into the queue of", object, errno);
  take_control(m, out);
  out.from = sun_path(&from, m.msg_namelen);
  if (m.msg_flags & MSG_CTRUNC)
    return failed("look at the descriptors in flight in", object, 0, "raise the limit of open files of the engine");
  if (m.msg_flags & MSG_TRUNC) return failed("look into the queue of", object, EMSGSIZE);
  out.data.assign(room.bytes.get(), room.bytes.get() + n);
  return true;
}

/// Whether nothing more can come after what is in the queue.
bool at_end(int fd) {
  pollfd p{fd, POLLRDHUP, 0};
  return poll(&p, 1, 0) > 0 && (p.revents & POLLRDHUP) != 0;
}

/// Walks over the whole queue by the peek offset, which moves on with every look.
Result<std::vector<PeekedMessage>> walk(int fd, int type, int waiting, Room& room, const std::string& object) {
  int old = -1;
  socklen_t size = sizeof old;
  if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &old, &size) != 0) return failed("read SO_PEEK_OFF of", object, errno);
  const int zero = 0;
  Defer put_back([&] { setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &old, sizeof old); });
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof zero) != 0)
    return failed("set SO_PEEK_OFF of", object, errno);
  std::vector<PeekedMessage> all;
  for (int seen = 0;;) {
    PeekedMessage m;
    if (!TRY(peek_one(fd, room, object, m))) return all;
    seen += static_cast<int>(m.data.size());
    // The end of a stream reads as nothing; that of a seqpacket socket too, and there empty packets look the same.
    // While nobody has shut it down there is no end, and bytes that were not seen yet stand behind an empty packet.
    if (type != SOCK_DGRAM && m.data.empty() && m.rights.empty() &&
        (type == SOCK_STREAM || (seen >= waiting && at_end(fd))))
      return all;
    all.push_back(std::move(m));
  }
}

}  // namespace

Result<std::vector<PeekedMessage>> peek_queue(int fd, int type, const std::string& object) {
  PeekedMessage first;
  int offset = -1, waiting = 0;
  socklen_t size = sizeof offset;
  if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) != 0) offset = 0;
  if (ioctl(fd, SIOCINQ, &waiting) != 0) return failed("read SIOCINQ of", object, errno);
  if (type == SOCK_STREAM && waiting == 0) return std::vector<PeekedMessage>{};
  Room room = make_room(waiting);
  const int passcred = 1;
  int old = 0;
  size = sizeof old;
  getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &old, &size);
  Defer put_back([&] { setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &old, sizeof old); });
  if (old != 0)
    put_back.cancel();
  else if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &passcred, sizeof passcred) != 0)
    return failed("set SO_PASSCRED of", object, errno);
  // A look at an empty packet marks it as seen, and the walk would step over it: no look before the walk.
  if (offset >= 0 || type != SOCK_STREAM) return walk(fd, type, waiting, room, object);
  if (!TRY(peek_one(fd, room, object, first))) return std::vector<PeekedMessage>{};
  if (first.data.size() == static_cast<std::size_t>(waiting)) {
    std::vector<PeekedMessage> all;
    if (waiting != 0 || !first.rights.empty()) all.push_back(std::move(first));
    return all;
  }
  first.rights.clear();
  return walk(fd, type, waiting, room, object);
}

Result<> send_message(int fd, int type, const std::vector<std::uint8_t>& data, const Accompanying& with,
                      const std::string& object) {
  alignas(cmsghdr) char control[kControl] = {};
  if (with.rights.size() > kMostRights) return failed("put descriptors in flight into", object, E2BIG);
  iovec part{const_cast<std::uint8_t*>(data.data()), data.size()};
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const std::size_t name = std::min(with.to.size(), sizeof to.sun_path);
  std::memcpy(to.sun_path, with.to.data(), name);
  msghdr m{};
  if (name != 0) {
    m.msg_name = &to;
    m.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name);
  }
  m.msg_iov = &part;
  m.msg_iovlen = 1;
  m.msg_control = control;
  std::size_t used = 0;
  auto add = [&](int kind, const void* what, std::size_t size) {
    auto* c = reinterpret_cast<cmsghdr*>(control + used);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = kind;
    c->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(c), what, size);
    used += CMSG_SPACE(size);
  };
  if (!with.rights.empty()) add(SCM_RIGHTS, with.rights.data(), with.rights.size() * sizeof(int));
  if (with.creds) add(SCM_CREDENTIALS, &*with.creds, sizeof *with.creds);
  m.msg_controllen = used;
  if (used == 0) m.msg_control = nullptr;
  for (std::size_t sent = 0;;) {
    const ssize_t n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return failed("fill the queue of the peer of", object, errno);
    sent += static_cast<std::size_t>(n);
    if (type != SOCK_STREAM || sent >= data.size()) return {};
    part = {const_cast<std::uint8_t*>(data.data()) + sent, data.size() - sent};
    m.msg_control = nullptr;
    m.msg_controllen = 0;
  }
}

Result<int> memory_of(const std::vector<std::size_t>& sizes, int type) {
  int fds[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) return failed("make", "a socket to compare with", errno);
  const UniqueFd from(fds[0]), to(fds[1]);
  widen_send_buffer(from.get());
  std::vector<char> data(sizes.empty() ? 0 : *std::max_element(sizes.begin(), sizes.end()));
  for (std::size_t size : sizes)
    if (send(from.get(), data.data(), size, MSG_DONTWAIT) < 0)
      return failed("send to", "a socket to compare with", errno);
  int memory = 0;
  if (ioctl(from.get(), SIOCOUTQ, &memory) != 0) return failed("read SIOCOUTQ of", "a socket to compare with", errno);
  return memory;
}

}  // namespace cr::net
