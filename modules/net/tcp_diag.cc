#include "net/tcp_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace cr::net {
namespace {

bool has_attribute(const nlmsghdr* h, unsigned short type) {
  int left = static_cast<int>(h->nlmsg_len - NLMSG_LENGTH(sizeof(inet_diag_msg)));
  const auto* a = reinterpret_cast<const rtattr*>(static_cast<const char*>(NLMSG_DATA(h)) + sizeof(inet_diag_msg));
  for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
    if (a->rta_type == type) return true;
  return false;
}

}  // namespace

Result<std::optional<TcpDiag>> find_tcp(const InetAddress& local_address, const InetAddress& peer_address) {
  const InetAddress local = local_address.plain(), peer = peer_address.plain();
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } m{};
  m.header.nlmsg_len = sizeof m;
  m.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  m.header.nlmsg_flags = NLM_F_REQUEST;
  m.request.sdiag_family = static_cast<__u8>(local.family);
  m.request.sdiag_protocol = IPPROTO_TCP;
  m.request.idiag_ext = 1u << (INET_DIAG_INFO - 1);  // the keys come with it
  m.request.idiag_states = ~0u;
  m.request.id.idiag_sport = htons(local.port);
  m.request.id.idiag_dport = htons(peer.port);
  std::memcpy(m.request.id.idiag_src, local.words.data(), sizeof local.words);
  std::memcpy(m.request.id.idiag_dst, peer.words.data(), sizeof peer.words);
  m.request.id.idiag_cookie[0] = m.request.id.idiag_cookie[1] = ~0u;
  UniqueFd sock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  alignas(nlmsghdr) char answer[16384];
  if (!sock || send(sock.get(), &m, sizeof m, 0) < 0)
    return Error{"net", "ask inet_diag for", local.text(), errno, "the kernel needs CONFIG_INET_DIAG"};
  const ssize_t n = recv(sock.get(), answer, sizeof answer, 0);
  const auto* h = reinterpret_cast<const nlmsghdr*>(answer);
  if (n < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(inet_diag_msg))) || h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return std::optional<TcpDiag>{};
  const auto* found = static_cast<const inet_diag_msg*>(NLMSG_DATA(h));
  return std::optional<TcpDiag>{
      {static_cast<TcpState>(found->idiag_state), found->idiag_inode, has_attribute(h, INET_DIAG_MD5SIG)}};
}

}  // namespace cr::net
