// Probes of what sockets and network namespaces need.
#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "base/unique_fd.h"
#include "engine/kernel_probes.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE (SIOCPROTOPRIVATE + 0)
#endif

namespace cr::engine::probe {
namespace {

UniqueFd make_socket(int family, int type, int protocol = 0) {
  return UniqueFd(socket(family, type | SOCK_CLOEXEC, protocol));
}

/// Sends one netlink message with `Body` and gives the errno of the answer; 0 when it is no error.
template <class Body>
int ask_netlink(int protocol, std::uint16_t type, const Body& body) {
  const UniqueFd fd = make_socket(AF_NETLINK, SOCK_RAW, protocol);
  if (!fd) return errno;
  struct {
    nlmsghdr head;
    Body body;
  } question{};
  question.head = {sizeof question, type, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  question.body = body;
  const timeval patience{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (send(fd.get(), &question, sizeof question, 0) < 0) return errno;
  alignas(nlmsghdr) char answer[4096];
  const ssize_t n = recv(fd.get(), answer, sizeof answer, 0);
  if (n < static_cast<ssize_t>(sizeof(nlmsghdr))) return n < 0 ? errno : EIO;
  const auto& head = *reinterpret_cast<const nlmsghdr*>(answer);
  if (head.nlmsg_type != NLMSG_ERROR) return 0;
  return -static_cast<const nlmsgerr*>(NLMSG_DATA(&head))->error;
}

Answer known_unless(int err, int unknown) {
  errno = err;
  return by_errno(err != unknown && err != EPERM && err != EPROTONOSUPPORT);
}

}  // namespace

Answer tun() {
  const UniqueFd fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  return by_errno(static_cast<bool>(fd));
}

Answer socket_files() {
  const UniqueFd socket = make_socket(AF_UNIX, SOCK_STREAM);
  if (!socket) return by_errno(false);
  const UniqueFd file(ioctl(socket.get(), SIOCUNIXFILE));
  return by_errno(file || errno == ENOENT);  // it has no name
}

Answer socket_namespaces() {
  const UniqueFd socket = make_socket(AF_INET, SOCK_DGRAM);
  if (!socket) return by_errno(false);
  const UniqueFd space(ioctl(socket.get(), SIOCGSKNS));
  return by_errno(static_cast<bool>(space));
}

Answer namespace_ids() {
  struct {
    rtgenmsg head{AF_UNSPEC};
    char pad[3]{};
    nlattr attribute{sizeof(nlattr) + sizeof(std::uint32_t), NETNSA_PID};
    std::uint32_t pid = static_cast<std::uint32_t>(getpid());
  } body;
  return known_unless(ask_netlink(NETLINK_ROUTE, RTM_GETNSID, body), EOPNOTSUPP);
}

Answer nf_tables() {
  const nfgenmsg body{AF_INET, NFNETLINK_V0, 0};
  // Without the name of a table: EINVAL from nf_tables itself, EOPNOTSUPP or EINVAL from nfnetlink when there is
  // none.
  struct {
    nfgenmsg head;
    nlattr attribute{sizeof(nlattr) + 4, NFTA_TABLE_NAME};
    char name[4] = "-";
  } named{body};
  const int err = ask_netlink(NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, named);
  errno = err;
  return by_errno(err == ENOENT || err == 0);
}

}  // namespace cr::engine::probe
