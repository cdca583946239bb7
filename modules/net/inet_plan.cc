// What can be known before a process exists: addresses that are not there, ports that are taken.
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "core/sharing.h"
#include "files/description.h"
#include "files/holders.h"
#include "net/inet_socket.h"
#include "net/tcp_diag.h"

namespace cr::net {
namespace {

Error not_bound(const files::Description& d, const InetAddress& a, int err, std::string remedy) {
  return Error{"net", "restore", format("{} at {}", d.object, a.text()), err, std::move(remedy)};
}

/// Binds a socket of the same kind there, for a moment, with the same permissions to share. Connections that use the
/// port are no obstacle.
Result<> try_address(const InetSocket& s, const files::Description& d) {
  UniqueFd fd(socket(s.family, s.type | SOCK_CLOEXEC, s.protocol));
  if (!fd) return not_bound(d, s.local, errno, "this kernel can't make such a socket");
  const int on = 1;
  const int share = s.tcp() || s.options.reuseaddr;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &share, sizeof share);
  if (s.options.reuseport) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (s.uid && fchown(fd.get(), *s.uid, s.gid.value_or(0)) != 0) return not_bound(d, s.local, errno, "");
  if (!s.options.bound_device.empty())
    setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, s.options.bound_device.c_str(),
               static_cast<socklen_t>(s.options.bound_device.size() + 1));
  TRY(set_protocol_options(fd.get(), s.protocol_options, OptionPhase::kBeforeBind, d.object));
  InetAddress where = s.local;
  if (s.connection() || s.spent()) where.port = 0;  // connections share a port with anybody
  const SocketAddress address = to_kernel(where);
  if (bind(fd.get(), address.get(), address.size) == 0) return {};
  if (errno == EADDRNOTAVAIL)
    return not_bound(d, s.local, errno, "no interface has this address: add it before the restore (ip address add)");
  if (errno == EADDRINUSE)
    return not_bound(d, s.local, errno, "another process has the port: stop that one before the restore");
  return not_bound(d, s.local, errno, "");
}

/// The inode of exactly this connection; ~0 when nobody has it open any more, 0 when there is none.
Result<std::uint32_t> find_connection(const InetSocket& s) {
  const auto found = TRY(find_tcp(s.local, s.peer));
  // Without the connection the kernel finds a listening socket of the port, which is no obstacle; nor is one that
  // only waits for late segments.
  if (!found || found->state == TcpState::kListen || found->state == TcpState::kTimeWait) return 0u;
  return found->inode == 0 ? ~0u : found->inode;
}

Result<> plan_one(PlanCtx& ctx, InetSocket& s, const files::Description& d) {
  if (s.spent() && s.stream && ctx.opt.network_lock == NetworkLockMethod::kSkip)
    return not_bound(d, s.local, 0,
                     "both sides have closed it, which is made again under a lock: leave out --network-lock");
  // A namespace of the tree's own is not there yet; its addresses and ports are as they were.
  if (s.net_ns != ctx.models.get<KobjModel>().root.net_ns) return {};
  if (!s.interface.empty()) {
    const unsigned index = if_nametoindex(s.interface.c_str());
    if (index == 0)
      return not_bound(d, s.local, 0,
                       format("there is no network interface {}: make it before the restore", s.interface));
    s.local.scope = index;
    if (s.peer.family == AF_INET6 && s.connection()) s.peer.scope = index;
  }
  if (s.local.port == 0 && s.local.any()) return {};
  TRY(try_address(s, d));
  if (!s.connection()) return {};
  const std::uint32_t ino = TRY(find_connection(s));
  if (ino == 0) return {};
  return not_bound(d, s.local, EADDRINUSE,
                   format("the connection to {} exists, it belongs to {}", s.peer.text(),
                          files::find_holder(ctx.tree, format("socket:[{}]", ino))));
}

}  // namespace

Result<> plan_inet(PlanCtx& ctx) {
  for (auto& [id, s] : ctx.models.edit<InetModel>().sockets) {
    const files::Description& d = files::description(ctx.models, id);
    if (d.home != 0) TRY(plan_one(ctx, s, d));
  }
  return {};
}

}  // namespace cr::net
