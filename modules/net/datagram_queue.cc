#include "net/datagram_queue.h"

#include <linux/sock_diag.h>
#include <linux/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/format.h"
#include "base/unique_fd.h"
#include "net/errors.h"
#include "net/protocol_opts.h"
#include "net/tcp_segment.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

namespace cr::net {
namespace {

constexpr std::size_t kLargest = 65536;

Result<> set_peek_offset(int fd, int offset, const std::string& object) {
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) != 0)
    return failed("set the peek offset of", object);
  return {};
}

/// Memory of the receive queue. A look at the datagrams themselves would hide empty ones from every later look at an
/// offset (skb->peeked).
Result<std::uint32_t> queued_memory(int fd, const std::string& object) {
  std::uint32_t info[SK_MEMINFO_VARS] = {};
  socklen_t size = sizeof info;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0) return failed("ask for the memory of", object);
  return info[SK_MEMINFO_RMEM_ALLOC];
}

template <class T>
T payload(const cmsghdr* c) {
  T value{};
  std::memcpy(&value, CMSG_DATA(c), std::min(sizeof value, c->cmsg_len - CMSG_LEN(0)));
  return value;
}

void note_destination(Datagram& d, const void* address, std::size_t size, int interface) {
  d.to = InetAddress{size == sizeof(in6_addr) ? AF_INET6 : AF_INET};
  std::memcpy(d.to->words.data(), address, size);
  d.interface = static_cast<std::uint32_t>(interface);
}

void note_ip(Datagram& d, const cmsghdr* c) {
  if (c->cmsg_type == IP_PKTINFO) {
    const auto info = payload<in_pktinfo>(c);
    note_destination(d, &info.ipi_addr, sizeof info.ipi_addr, info.ipi_ifindex);
  } else if (c->cmsg_type == IP_TTL) {
    d.marks.ttl = static_cast<std::uint8_t>(payload<int>(c));
  } else if (c->cmsg_type == IP_TOS) {
    d.marks.tos = payload<std::uint8_t>(c);
  }
}

void note_ip6(Datagram& d, const cmsghdr* c) {
  if (c->cmsg_type == IPV6_PKTINFO || c->cmsg_type == IPV6_2292PKTINFO) {
    const auto info = payload<in6_pktinfo>(c);
    note_destination(d, &info.ipi6_addr, sizeof info.ipi6_addr, static_cast<int>(info.ipi6_ifindex));
  } else if (c->cmsg_type == IPV6_HOPLIMIT || c->cmsg_type == IPV6_2292HOPLIMIT) {
    d.marks.ttl = static_cast<std::uint8_t>(payload<int>(c));
  } else if (c->cmsg_type == IPV6_TCLASS) {
    d.marks.tos = static_cast<std::uint8_t>(payload<int>(c));
  } else if (c->cmsg_type == kIp6FlowInfo) {
    const std::uint32_t info = ntohl(payload<std::uint32_t>(c));
    d.marks.label = info & 0xfffff;
    d.marks.tos = static_cast<std::uint8_t>(info >> 20);
  }
}

Result<std::vector<Datagram>> peek_from_offset(int fd, const std::string& object) {
  std::vector<Datagram> all;
  std::vector<std::uint8_t> buffer(kLargest);
  for (;;) {
    SocketAddress from;
    alignas(cmsghdr) char control[1024];
    iovec part{buffer.data(), buffer.size()};
    msghdr m{};
    m.msg_name = from.get();
    m.msg_namelen = from.size;
    m.msg_iov = &part;
    m.msg_iovlen = 1;
    m.msg_control = control;
    m.msg_controllen = sizeof control;
    const ssize_t n = recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return all;
    if (n < 0) return failed("look into the queue of", object);
    Datagram d{from_kernel(from), {buffer.begin(), buffer.begin() + n}};
    for (cmsghdr* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c)) {
      if (c->cmsg_level == IPPROTO_IP) note_ip(d, c);
      if (c->cmsg_level == IPPROTO_IPV6) note_ip6(d, c);
    }
    all.push_back(std::move(d));
  }
}

/// One, to an address that the socket has.
Result<> deliver(int fd, const Datagram& d, const InetAddress& here, int protocol, const std::string& object) {
  std::vector<std::uint8_t> packet(sizeof(udphdr));
  udphdr h{};
  h.source = htons(d.from.port);
  h.dest = htons(here.port);
  h.len = htons(static_cast<std::uint16_t>(sizeof h + d.data.size()));
  std::memcpy(packet.data(), &h, sizeof h);
  packet.insert(packet.end(), d.data.begin(), d.data.end());
  const std::uint32_t before = TRY(queued_memory(fd, object));
  TRY(deliver_packet(d.from.plain(), here.plain(), protocol, packet.data(), packet.size(), offsetof(udphdr, check),
                     object, d.marks));
  if (TRY(queued_memory(fd, object)) > before) return {};
  return Error{"net", "refill the queue of", object, 0,
               "a datagram did not arrive: does a packet filter drop what comes over lo?"};
}

}  // namespace

Result<std::vector<Datagram>> peek_datagrams(int fd, const std::string& object) {
  int before = -1;
  socklen_t size = sizeof before;
  if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, &size) != 0) return failed("ask the peek offset of", object);
  // With an offset each look goes on where the one before has ended.
  TRY(set_peek_offset(fd, 0, object));
  auto all = peek_from_offset(fd, object);
  TRY(set_peek_offset(fd, before, object));
  pollfd p{fd, POLLIN, 0};
  if (all.ok() && all.value().empty() && poll(&p, 1, 0) > 0 && (p.revents & POLLIN) && !(p.revents & POLLHUP) &&
      TRY(queued_memory(fd, object)) > 0)
    return Error{"net", "dump", object, 0, "empty datagrams wait in it that were looked at before: read them first"};
  return all;
}

Result<bool> can_aim(const Datagram& d, const InetAddress& local, const std::string& object) {
  if (local.family != AF_INET) return false;  // IPv6: the last peer stays when it is connected to nobody again
  UniqueFd fd(socket(local.family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return failed("try how to refill the queue of", object);
  InetAddress at = local;
  at.port = 0;
  const SocketAddress own = to_kernel(at), from = to_kernel(d.from);
  if (!local.any() && bind(fd.get(), own.get(), own.size) != 0) return false;
  if (connect(fd.get(), from.get(), from.size) != 0) return false;
  return !d.to || d.to->plain().words == TRY(local_address(fd.get(), object)).plain().words;
}

Result<> aim_datagrams(int fd, const std::vector<Datagram>& queue, const std::string& object) {
  setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
  for (const Datagram& d : queue) {
    const SocketAddress from = to_kernel(d.from);
    if (connect(fd, from.get(), from.size) != 0) return failed("aim at", object);
    TRY(deliver(fd, d, TRY(local_address(fd, object)), IPPROTO_UDP, object));
    const sockaddr nobody{AF_UNSPEC, {}};
    if (connect(fd, &nobody, sizeof nobody) != 0) return failed("disconnect", object);
  }
  return {};
}

Result<> deliver_datagrams(int fd, const std::vector<Datagram>& queue, const InetAddress& to, int protocol,
                           const std::string& object) {
  InetAddress loopback{to.family};
  if (to.family == AF_INET6)
    loopback.words[3] = htonl(1);
  else
    loopback.words[0] = htonl(INADDR_LOOPBACK);
  loopback.port = to.port;
  for (const Datagram& d : queue) {
    InetAddress here = to.any() ? loopback : to;
    if (d.to && to.any())
      here = InetAddress{d.to->family, d.to->words, to.port, 0};
    else if (d.from.mapped() && to.any())
      here = InetAddress{AF_INET, {htonl(INADDR_LOOPBACK)}, to.port, 0};
    TRY(deliver(fd, d, here, protocol, object));
  }
  return {};
}

}  // namespace cr::net
