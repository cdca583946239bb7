#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/format.h"
#include "core/id_map.h"
#include "core/sharing.h"
#include "files/description.h"
#include "net/errors.h"
#include "net/hidden_state.h"
#include "net/inet_socket.h"
#include "net/namespace.h"
#include "net/portless_peer.h"
#include "net/tcp_keys.h"
#include "net/tcp_waiting.h"

namespace cr::net {
namespace {

constexpr int kMptcp = 262;  // IPPROTO_MPTCP

/// The upper layer of a TCP socket (tls, smc ...) keeps state of its own.
std::string upper_layer(int fd) {
  char name[17] = {};
  socklen_t size = sizeof name - 1;
  return getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &size) == 0 ? name : "";
}

/// What poll(2) knows and no option tells: whether we may still read, whether an error is waiting.
short poll_now(int fd) {
  pollfd p{fd, POLLIN | POLLRDHUP, 0};
  return poll(&p, 1, 0) > 0 ? p.revents : short{0};
}

Result<> check_tcp(const DumpCtx& ctx, int fd, const InetSocket& socket, const TcpSummary& s,
                   const std::string& object) {
  if (socket.protocol == kMptcp && s.state != TcpState::kListen && s.state != TcpState::kClose)
    return refuse(object,
                  "it is an MPTCP connection, which the kernel does not let anybody take over; close it before "
                  "the dump");
  if (const std::string layer = upper_layer(fd); !layer.empty() && socket.protocol != kMptcp)
    return refuse(object, format("it has the upper layer {}, whose state the kernel does not show", layer));
  if (s.state == TcpState::kSynSent || s.state == TcpState::kSynReceived)
    return refuse(object, format("its handshake is not over ({}): try again in a moment", state_name(s.state)));
  if (socket.protocol == kMptcp && s.state == TcpState::kListen && s.pending > 0 && !ctx.opt.skip_in_flight)
    return refuse(object, format("{} connections wait in this MPTCP socket: let the program accept them, or leave "
                                 "them out with --skip-in-flight",
                                 s.pending));
  return {};
}

Result<> collect_tcp(const DumpCtx& ctx, int fd, InetSocket& s, const std::string& object) {
  const TcpSummary summary = TRY(tcp_summary(fd, object));
  TRY(check_tcp(ctx, fd, s, summary, object));
  s.state = summary.state;
  s.backlog = summary.backlog;
  const short events = poll_now(fd);
  if (events & POLLERR) return refuse(object, "an error or a message of its error queue waits to be read");
  if (events & POLLRDHUP) s.shutdown |= 1;
  if (fin_sent(s.state)) s.shutdown |= 2;
  if (s.spent()) s.shutdown = 3;
  return {};
}

/// Whether packets over lo can reach this socket and no other. Who is connected for a moment, so that they come to
/// it, leaves the group that shares its port.
bool refillable(const InetSocket& s) {
  const InetAddress local = s.local.plain();
  const bool multicast =
      local.family == AF_INET6 ? (ntohl(local.words[0]) >> 24) == 0xff : (ntohl(local.words[0]) >> 28) == 0xe;
  const bool scoped = s.local.scope != 0 || s.peer.scope != 0;
  return !multicast && !scoped && s.protocol == IPPROTO_UDP && !s.options.reuseport;
}

/// What waits in raw and ICMP sockets came from protocols that answer by themselves: it can't be sent once more.
Result<> collect_raw_queue(const DumpCtx& ctx, short events, const std::string& object) {
  if (!(events & POLLIN) || ctx.opt.allows_lossy("raw-queue")) return {};
  return refuse(object, "packets that were not read can't be put back: read them first, or --allow-lossy raw-queue");
}

/// Whether it would look the same when it comes over lo: its sender has no scope of a link, it came in there or that
/// does not show, and the socket has the address that it was sent to.
Result<bool> comes_over_lo(const InetSocket& s, const Datagram& d, const std::string& object) {
  constexpr std::uint32_t kLo = 1;
  if (d.from.scope != 0 || (d.interface != 0 && d.interface != kLo)) return false;
  if (s.of_device()) return can_aim(d, s.local, object);
  return !d.to || s.local.any() || d.to->plain().words == s.local.plain().words;
}

/// Why the datagrams of the queue can't come back; empty when they can.
Result<std::string> stuck(const InetSocket& s, const std::string& object) {
  if (!refillable(s)) return std::string("in a socket that shares its port or is bound to a group or a link");
  for (const Datagram& d : s.queue)
    if (!TRY(comes_over_lo(s, d, object)))
      return std::string(s.of_device() ? "in a socket that is bound to a device, which they could not reach over lo"
                                       : "one of them by another interface than lo or for another address");
  return std::string();
}

Result<> collect_udp_queue(const DumpCtx& ctx, int fd, InetSocket& s, const std::string& object) {
  s.queue = TRY(peek_datagrams(fd, object));
  const std::string why = s.queue.empty() ? "" : TRY(stuck(s, object));
  if (why.empty()) return {};
  if (!ctx.opt.allows_lossy("udp-queue"))
    return refuse(object, format("{} datagrams that were not read came {}, and can't be put back: --allow-lossy "
                                 "udp-queue drops them",
                                 s.queue.size(), why));
  s.queue.clear();
  return {};
}

Result<> collect_datagrams(const DumpCtx& ctx, int fd, InetSocket& s, const std::string& object) {
  const short events = poll_now(fd);
  if (events & POLLERR) return refuse(object, "an error or a message of its error queue waits to be read");
  if (events & POLLRDHUP) s.shutdown |= 1;
  if (events & POLLHUP) s.shutdown |= 2;
  int writing = 0;
  if (ioctl(fd, SIOCOUTQ, &writing) == 0 && writing > 0)
    return refuse(object, "it is corked with data (UDP_CORK, MSG_MORE), or has data on the way out");
  s.memberships = TRY(find_memberships(fd, s.family, object));
  if (s.protocol == IPPROTO_UDP || s.protocol == IPPROTO_UDPLITE)
    if (s.type == SOCK_DGRAM) return collect_udp_queue(ctx, fd, s, object);
  return collect_raw_queue(ctx, events, object);
}

std::string interface_of(const InetAddress& a) {
  char name[IF_NAMESIZE] = {};
  return a.scope != 0 && if_indextoname(a.scope, name) != nullptr ? name : "";
}

}  // namespace

bool matches_inet(const FileProbe& p) {
  if (!S_ISSOCK(p.st.st_mode) || (p.flags & O_PATH)) return false;
  const int family = int_option(p.fd, SOL_SOCKET, SO_DOMAIN, -1);
  if (family != AF_INET && family != AF_INET6) return false;
  const int type = int_option(p.fd, SOL_SOCKET, SO_TYPE, -1),
            protocol = int_option(p.fd, SOL_SOCKET, SO_PROTOCOL, -1);
  if (type == SOCK_STREAM) return protocol == IPPROTO_TCP || protocol == kMptcp;
  if (type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)) return true;
  return type == SOCK_RAW || (type == SOCK_DGRAM && (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6));
}

/// Who is born in a user namespace below that of the tree has no more rights in a restore.
Result<> check_rights(const DumpCtx& ctx, const FileProbe& probe, const InetSocket& s) {
  const core::ChildIds& children = ctx.models.get<core::ChildIds>();
  if ((!s.tcp() && s.type != SOCK_RAW) || children.owner_of(s.net_ns) != 0) return {};
  for (const Task& t : ctx.tree.tasks)
    if (t.live == probe.pid && core::birth_space(ctx.models, t.pid) != nullptr)
      return Error{"net", "dump", probe.name(), 0,
                   "the process that has it lives in a pid namespace that belongs to a user namespace below that of "
                   "the tree, but in a network namespace that does not, where it could not make it again"};
  return {};
}

Result<> collect_inet(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const std::string object = probe.name();
  const int fd = probe.fd;
  InetSocket s;
  s.net_ns = TRY(namespace_of(ctx, probe));
  const auto stay = TRY(visit(ctx.tree, ctx.models, s.net_ns));
  s.ino = static_cast<std::uint32_t>(probe.st.st_ino);
  s.family = int_option(fd, SOL_SOCKET, SO_DOMAIN, 0);
  s.type = int_option(fd, SOL_SOCKET, SO_TYPE, 0);
  s.protocol = int_option(fd, SOL_SOCKET, SO_PROTOCOL, 0);
  TRY(check_rights(ctx, probe, s));
  s.uid = ctx.models.get<core::TreeIds>().uid(probe.st.st_uid);
  s.gid = ctx.models.get<core::TreeIds>().gid(probe.st.st_gid);
  s.local = TRY(local_address(fd, object));
  bool connected = false;
  s.peer = TRY(peer_address(fd, connected, object));
  if (!connected && !s.tcp())
    if (const auto peer = TRY(portless_peer(ctx, s))) {
      s.peer = *peer;
      connected = true;
    }
  s.interface = interface_of(s.local);
  if (connected) s.state = TcpState::kEstablished;
  if (s.tcp()) TRY(collect_tcp(ctx, fd, s, object));
  TRY(refuse_hidden_state(ctx, fd, s, object));
  s.options = TRY(options_in_tree(ctx, probe));
  if (!s.tcp()) TRY(collect_datagrams(ctx, fd, s, object));
  s.protocol_options = TRY(get_protocol_options(fd, s.kind(), object));
  if (s.tcp()) TRY(add_segment_keys(s));
  if (ctx.opt.tcp_close) s.forget_connection();
  ctx.models.edit<InetModel>().sockets[id] = std::move(s);
  return {};
}

/// The peer is forgotten and so are the sequence numbers: a restore makes up a connection to our own address that has
/// the same queue and ends at once.
Result<> collect_spent(int fd, InetSocket& s, const std::string& object) {
  if (s.local.port == 0) return {};
  s.peer = s.local;
  s.peer.port ^= 1;
  TcpStream stream;
  stream.inq = TRY(read_rest(fd, object));
  stream.inq_seq = static_cast<std::uint32_t>(stream.inq.size()) + 2;
  stream.outq_seq = 2;
  stream.mss_clamp = TCP_MSS_DEFAULT;
  s.stream = std::move(stream);
  return {};
}

/// The network is locked by now: what is read here does not change any more.
Result<> settle_inet(DumpCtx& ctx) {
  for (auto& [id, s] : ctx.models.edit<InetModel>().sockets) {
    if (!s.connection() && !s.spent()) continue;
    const files::Description& d = files::description(ctx.models, id);
    UniqueFd fd = TRY(files::copy_fd(d.pid, d.fd));
    const TcpSummary summary = TRY(tcp_summary(fd.get(), d.object));
    const auto stay = TRY(visit(ctx.tree, ctx.models, s.net_ns));
    // Between the two looks the peer may have closed, or have acknowledged that we did.
    if (summary.state != s.state) TRY(collect_tcp(ctx, fd.get(), s, d.object));
    if (s.spent()) {
      TRY(collect_spent(fd.get(), s, d.object));
      continue;
    }
    s.stream = TRY(read_stream(fd.get(), summary, d.object));
  }
  return settle_waiting(ctx);
}

}  // namespace cr::net
