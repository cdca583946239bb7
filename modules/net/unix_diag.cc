#include "net/unix_diag.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/unique_fd.h"
#include "net/diag_attributes.h"

namespace cr::net {
namespace {

constexpr std::size_t kFew = 32;

Error not_told(const char* step, int err) {
  return Error{"net", step, "the kernel's unix sockets", err,
               err == ENOENT ? "the kernel needs CONFIG_UNIX_DIAG (module unix_diag)" : ""};
}

UnixDiag parse_unix_diag(const nlmsghdr* message) {
  const auto* m = static_cast<const unix_diag_msg*>(NLMSG_DATA(message));
  UnixDiag d;
  d.ino = m->udiag_ino;
  d.type = m->udiag_type;
  d.state = m->udiag_state;
  for_each_attribute(message, sizeof *m, [&](int type, const char* payload, std::size_t size) {
    if (type == UNIX_DIAG_PEER && size >= 4) {
      d.has_peer = true;
      std::memcpy(&d.peer, payload, 4);
    } else if (type == UNIX_DIAG_RQLEN && size >= sizeof(unix_diag_rqlen)) {
      std::memcpy(&d.rqueue, payload, 4);
      std::memcpy(&d.wqueue, payload + 4, 4);
    } else if (type == UNIX_DIAG_SHUTDOWN && size >= 1) {
      d.shutdown = static_cast<std::uint8_t>(*payload);
    } else if (type == UNIX_DIAG_NAME) {
      d.name.assign(payload, size);
    } else if (type == UNIX_DIAG_VFS && size >= sizeof(unix_diag_vfs)) {
      std::memcpy(&d.file_ino, payload, 4);
      std::memcpy(&d.file_dev, payload + 4, 4);
    } else if (type == UNIX_DIAG_ICONS) {
      d.pending.resize(size / 4);
      std::memcpy(d.pending.data(), payload, d.pending.size() * 4);
    }
  });
  return d;
}

/// Reads answers until the last one. Returns whether more are to come.
Result<bool> take_answers(int sock, bool dump, std::vector<UnixDiag>& out) {
  std::vector<char> buffer(64 * 1024);
  const ssize_t n = recv(sock, buffer.data(), buffer.size(), 0);
  if (n < 0) return not_told("ask about", errno);
  auto left = static_cast<std::size_t>(n);
  for (auto* h = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
    if (h->nlmsg_type == NLMSG_DONE) return false;
    if (h->nlmsg_type == NLMSG_ERROR) {
      const int err = -static_cast<const nlmsgerr*>(NLMSG_DATA(h))->error;
      // One socket that is not there is no error here: it may live in another namespace, and the caller says so.
      if (!dump && err == ENOENT) return false;
      if (err != 0) return not_told("ask about", err);
      return false;
    }
    out.push_back(parse_unix_diag(h));
    if (!dump) return false;
  }
  return true;
}

Result<> ask(int sock, std::uint32_t ino, bool dump, std::vector<UnixDiag>& out) {
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } m{};
  m.header.nlmsg_len = sizeof m;
  m.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  m.header.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0));
  m.request.sdiag_family = AF_UNIX;
  m.request.udiag_states = ~0u;
  m.request.udiag_ino = ino;
  m.request.udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_ICONS;
  m.request.udiag_cookie[0] = m.request.udiag_cookie[1] = ~0u;
  if (send(sock, &m, sizeof m, 0) != static_cast<ssize_t>(sizeof m)) return not_told("ask about", errno);
  while (TRY(take_answers(sock, dump, out))) {
  }
  return {};
}

Result<UniqueFd> open_diag() {
  UniqueFd sock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!sock) return not_told("ask about", errno);
  return sock;
}

}  // namespace

Result<std::map<std::uint32_t, UnixDiag>> ask_unix_diag(const std::set<std::uint32_t>& inodes) {
  std::vector<UnixDiag> all;
  if (inodes.size() > kFew) {
    all = TRY(ask_all_unix());
  } else {
    UniqueFd sock = TRY(open_diag());
    for (std::uint32_t ino : inodes) TRY(ask(sock.get(), ino, false, all));
  }
  std::map<std::uint32_t, UnixDiag> out;
  for (UnixDiag& d : all)
    if (inodes.contains(d.ino)) out[d.ino] = std::move(d);
  return out;
}

Result<std::vector<UnixDiag>> ask_all_unix() {
  std::vector<UnixDiag> all;
  UniqueFd sock = TRY(open_diag());
  TRY(ask(sock.get(), 0, true, all));
  return all;
}

}  // namespace cr::net
