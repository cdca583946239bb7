#include <linux/tcp.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "files/description.h"
#include "net/errors.h"
#include "net/inet_socket.h"

namespace cr::net {
namespace {

Result<> bind_to(int fd, const InetAddress& a, const std::string& object) {
  const SocketAddress address = to_kernel(a);
  if (bind(fd, address.get(), address.size) == 0) return {};
  return Error{"net", format("bind to {}", a.text()), object, errno, {}};
}

bool has_address(const InetSocket& s) { return s.local.port != 0 || !s.local.any(); }

Result<> share_port(int fd, bool share, const files::Description& d) {
  const int value = share;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value) != 0) return failed("share the port of", d);
  return {};
}

/// It may have shared its port, and have given SO_REUSEADDR up since: until all are bound it has it.
bool shares_for_now(const InetSocket& s) {
  const bool only_bound = !s.tcp() || (s.state == TcpState::kClose && !s.spent());
  return only_bound && has_address(s) && !s.options.reuseaddr;
}

Result<> listen_on(int fd, const InetSocket& s, const files::Description& d) {
  // listen(2) looks for conflicts again; repaired connections of the port are none for one that shares addresses.
  TRY(share_port(fd, true, d));
  const std::size_t room = std::max<std::size_t>(s.backlog, s.waiting.size());
  if (listen(fd, static_cast<int>(room)) != 0) return failed(format("listen on {}", s.local.text()), d);
  return {};
}

Result<> open_tcp(int fd, const InetSocket& s, const files::Description& d) {
  if (s.spent() && s.stream) return make_spent_stream(fd, s.local, s.peer, *s.stream, d.object);
  if (s.stream && s.waits_at == 0) {
    TRY(make_stream(fd, s.state, s.local, s.peer, *s.stream, d.object));
    // Before the peer, which may be in the tree as well, sends anything: it must find no more room than there was.
    const int half = static_cast<int>(s.options.rcvbuf / 2);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &half, sizeof half);
    return {};
  }
  constexpr int kMptcp = 262;  // IPPROTO_MPTCP has no repair mode
  if (has_address(s))
    TRY(s.protocol == kMptcp ? bind_to(fd, s.local, d.object) : bind_in_repair(fd, s.local, d.object));
  if (s.state == TcpState::kListen) TRY(listen_on(fd, s, d));
  return {};
}

Result<> fill_queue(int fd, const InetSocket& s, const files::Description& d) {
  if (s.queue.empty()) return {};
  const int wide = 1 << 30;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wide, sizeof wide);
  return s.of_device() ? aim_datagrams(fd, s.queue, d.object)
                       : deliver_datagrams(fd, s.queue, s.local, s.protocol, d.object);
}

Result<> open_datagrams(int fd, const InetSocket& s, const files::Description& d) {
  if (has_address(s)) {
    TRY(share_port(fd, true, d));
    TRY(bind_to(fd, s.local, d.object));
  }
  // What others than its peer have sent came before it was connected.
  const bool of_peer = !s.of_device() && std::all_of(s.queue.begin(), s.queue.end(),
                                                     [&](const Datagram& x) { return same_end(x.from, s.peer); });
  if (!of_peer) TRY(fill_queue(fd, s, d));
  if (s.state == TcpState::kEstablished) {
    const SocketAddress to = to_kernel(s.peer);
    if (connect(fd, to.get(), to.size) != 0) return failed(format("connect to {}", s.peer.text()), d);
  }
  TRY(join_groups(fd, s.memberships, d.object));
  return of_peer ? fill_queue(fd, s, d) : Result<>{};
}

/// A filter that came after what waits must not see it. The rest is set at the end.
SocketOptions early_options(const InetSocket& s) {
  SocketOptions early = s.options;
  if (s.queue.empty()) return early;
  constexpr std::uint32_t kLockFilter = 44;  // SO_LOCK_FILTER
  early.filter.clear();
  early.others.erase(kLockFilter);
  return early;
}

/// What the states of TCP do not tell: shutdown(2) for reading, or of a socket that never was connected (it fails
/// then, and takes effect all the same).
Result<> shut_down(int fd, const InetSocket& s, const files::Description& d) {
  const bool done = s.stream && (fin_received(s.state) || s.spent());
  const std::uint32_t how = s.connection() ? s.shutdown & 1 : s.shutdown;
  if (done || how == 0) return {};
  if (shutdown(fd, static_cast<int>(how) - 1) != 0 && errno != ENOTCONN) return failed("shut down", d);
  return {};
}

}  // namespace

Result<> bind_in_repair(int fd, const InetAddress& address, const std::string& object) {
  // Others of the tree may share the port by options that they have not got yet, or as connections of one server.
  Repair repair = TRY(Repair::begin(fd, object));
  return bind_to(fd, address, object);
}

Result<> finish_options(int fd, const InetSocket& s, const std::string& object) {
  TRY(set_options(fd, s.options, object));
  return set_protocol_options(fd, s.protocol_options, OptionPhase::kAtEnd, object);
}

Result<> find_interface(InetSocket& s, const std::string& object) {
  if (s.interface.empty() || s.local.scope != 0) return {};
  s.local.scope = if_nametoindex(s.interface.c_str());
  if (s.local.scope == 0) return Error{"net", format("find the interface {} of", s.interface), object, errno, {}};
  if (s.peer.family == AF_INET6 && s.connection()) s.peer.scope = s.local.scope;
  return {};
}

Result<UniqueFd> open_inet(TaskCtx& ctx, FileId id) {
  const files::Description& d = files::description(ctx.models(), id);
  InetSocket s = ctx.models().get<InetModel>().sockets.at(id);
  TRY(find_interface(s, d.object));
  UniqueFd fd(socket(s.family, s.type | SOCK_CLOEXEC, s.protocol));
  if (!fd) return failed("make", d);
  // The owner counts among sockets that share a port by SO_REUSEPORT.
  if (s.uid && fchown(fd.get(), *s.uid, s.gid.value_or(0)) != 0) return failed("give its owner to", d);
  TRY(set_options(fd.get(), early_options(s), d.object));
  TRY(set_protocol_options(fd.get(), s.protocol_options, OptionPhase::kBeforeBind, d.object));
  TRY(s.tcp() ? open_tcp(fd.get(), s, d) : open_datagrams(fd.get(), s, d));
  if (s.waits_at != 0) return fd;  // join_inet() goes on
  TRY(shut_down(fd.get(), s, d));
  if (!s.connection()) TRY(finish_options(fd.get(), s, d.object));
  if (shares_for_now(s)) TRY(share_port(fd.get(), true, d));
  return fd;
}

Result<> connect_inet(TaskCtx& ctx, FileId id, int fd) {
  const files::Description& d = files::description(ctx.models(), id);
  const InetSocket& s = ctx.models().get<InetModel>().sockets.at(id);
  if (s.listening() && s.waiting.size() > s.backlog && listen(fd, static_cast<int>(s.backlog)) != 0)
    return failed(format("listen on {}", s.local.text()), d);
  if (shares_for_now(s)) TRY(share_port(fd, false, d));
  // Later nobody could reach it: it is only in flight in another socket.
  if (!s.connection() || s.waits_at != 0 || d.number < ctx.restore.first_service_fd) return {};
  return revive_inet(fd, s, d.object);
}

Result<> revive_inet(int fd, const InetSocket& s, const std::string& object) {
  TRY(revive_stream(fd, s.state, *s.stream, object));
  return finish_options(fd, s, object);
}

}  // namespace cr::net
