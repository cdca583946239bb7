#include "net/tcp_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "net/diag_attributes.h"

namespace cr::net {
namespace {

constexpr auto kBoundInactive = static_cast<TcpState>(13);  // of the kernel's TCP_*, for questions only

InetAddress address_of(const inet_diag_msg& m, const __be32* words, __be16 port) {
  InetAddress a{m.idiag_family};
  std::memcpy(a.words.data(), words, m.idiag_family == AF_INET6 ? 16 : 4);
  a.port = ntohs(port);
  return a;
}

SegmentKey segment_key(const tcp_diag_md5sig& from) {
  SegmentKey to{from.tcpm_family, from.tcpm_prefixlen};
  std::memcpy(to.words.data(), from.tcpm_addr, sizeof from.tcpm_addr);
  to.key.assign(reinterpret_cast<const char*>(from.tcpm_key),
                std::min<std::size_t>(from.tcpm_keylen, sizeof from.tcpm_key));
  return to;
}

TcpDiag parse_tcp_diag(const nlmsghdr* message) {
  const auto* m = static_cast<const inet_diag_msg*>(NLMSG_DATA(message));
  TcpDiag d{static_cast<TcpState>(m->idiag_state), m->idiag_inode};
  d.local = address_of(*m, m->id.idiag_src, m->id.idiag_sport);
  d.peer = address_of(*m, m->id.idiag_dst, m->id.idiag_dport);
  d.unread = m->idiag_rqueue;
  for_each_attribute(message, sizeof *m, [&](int type, const char* payload, std::size_t size) {
    if (tcp_info info{}; type == INET_DIAG_INFO) {
      std::memcpy(&info, payload, std::min(size, sizeof info));
      d.idle_ms = info.tcpi_last_data_sent;
    }
    if (type != INET_DIAG_MD5SIG) return;
    for (tcp_diag_md5sig key; size >= sizeof key; payload += sizeof key, size -= sizeof key) {
      std::memcpy(&key, payload, sizeof key);
      if (key.tcpm_family != 0) d.keys.push_back(segment_key(key));  // room that was left
    }
  });
  return d;
}

Error not_told(const InetAddress& local, int err) {
  return Error{"net", "ask inet_diag for", local.text(), err, "the kernel needs CONFIG_INET_DIAG (module tcp_diag)"};
}

/// Sends the question about sockets in `states`; `flags` are those of netlink(7).
Result<UniqueFd> ask(const InetAddress& local_address, const InetAddress& peer_address, std::uint32_t states,
                     unsigned flags) {
  const InetAddress local = local_address.plain(), peer = peer_address.plain();
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } m{};
  m.header.nlmsg_len = sizeof m;
  m.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  m.header.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
  m.request.sdiag_family = static_cast<__u8>(local.family);
  m.request.sdiag_protocol = IPPROTO_TCP;
  m.request.idiag_ext = 1u << (INET_DIAG_INFO - 1);  // the keys come with it
  m.request.idiag_states = states;
  m.request.id.idiag_sport = htons(local.port);
  m.request.id.idiag_dport = htons(peer.port);
  std::memcpy(m.request.id.idiag_src, local.words.data(), sizeof local.words);
  std::memcpy(m.request.id.idiag_dst, peer.words.data(), sizeof peer.words);
  m.request.id.idiag_cookie[0] = m.request.id.idiag_cookie[1] = ~0u;
  UniqueFd sock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!sock || send(sock.get(), &m, sizeof m, 0) < 0) return not_told(local, errno);
  return sock;
}

}  // namespace

Result<std::optional<TcpDiag>> find_tcp(const InetAddress& local, const InetAddress& peer) {
  UniqueFd sock = TRY(ask(local, peer, ~0u, 0));
  alignas(nlmsghdr) char answer[16384];
  const ssize_t n = recv(sock.get(), answer, sizeof answer, 0);
  const auto* h = reinterpret_cast<const nlmsghdr*>(answer);
  if (n < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(inet_diag_msg))) || h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return std::optional<TcpDiag>{};
  return std::optional<TcpDiag>{parse_tcp_diag(h)};
}

Result<std::vector<TcpDiag>> list_tcp(int family, std::uint16_t port, std::initializer_list<TcpState> states) {
  // By its port alone: an address that says "any" would not be found by one.
  InetAddress at{family};
  at.port = port;
  std::uint32_t bits = 0;
  for (const TcpState s : states) bits |= 1u << static_cast<unsigned>(s);
  UniqueFd sock = TRY(ask(at, InetAddress{family}, bits, NLM_F_DUMP));
  std::vector<TcpDiag> found;
  alignas(nlmsghdr) char answers[32768];
  for (;;) {
    const ssize_t n = recv(sock.get(), answers, sizeof answers, 0);
    if (n < 0) return not_told(at, errno);
    auto left = static_cast<std::size_t>(n);
    for (auto* h = reinterpret_cast<nlmsghdr*>(answers); NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == NLMSG_DONE) return found;
      if (h->nlmsg_type == NLMSG_ERROR) return not_told(at, -static_cast<const nlmsgerr*>(NLMSG_DATA(h))->error);
      found.push_back(parse_tcp_diag(h));
    }
  }
}

Result<std::vector<TcpDiag>> find_idle_tcp(const InetAddress& local) {
  return list_tcp(local.plain().family, local.port, {TcpState::kListen, kBoundInactive});
}

}  // namespace cr::net
