// IPv4 and IPv6 sockets: TCP (listening, connected, half-closed, bound, new), UDP, UDP-Lite, ICMP and raw.
//
// Shown by getsockname(2), getsockopt(2) and TCP_INFO on a copy of the descriptor, connections by TCP_REPAIR
// (tcp_stream.h), what waits in queues by MSG_PEEK. Put back by the owner alone when it opens: socket(2), options,
// bind(2), then listen(2), connect(2) or a repaired connection. A connection stays in repair mode, mute, until the
// whole tree is complete: a restore that fails is silent to the peer.
// Order matters nowhere: addresses are bound in repair mode, which shares a port with whoever has it, and `plan` has
// made sure that nobody outside the tree has it.
//
// Refused: see inet_collect.cc (connections in the middle of a handshake, TLS and MPTCP, pending errors, urgent
// data), tcp_waiting.h (some that nobody has accepted), hidden_state.h and inet_plan.cc (ports that are taken,
// addresses that are not there).
#pragma once

#include <atomic>
#include <map>
#include <optional>

#include "core/file_kind.h"
#include "net/datagram_queue.h"
#include "net/inet_address.h"
#include "net/memberships.h"
#include "net/protocol_opts.h"
#include "net/sk_opts.h"
#include "net/tcp_stream.h"

namespace cr::net {

/// A connection that stands in the queue of a listening socket; see tcp_waiting.h.
struct WaitingConnection {
  FileId client = 0;         ///< its other end, in the tree; 0: it is closed, and nobody has it any more
  InetAddress from{}, to{};  ///< of the client, and where it has connected to; in the listener's family
  bool deferred = false;     ///< TCP_DEFER_ACCEPT: it comes into the queue only with its first data
};

struct InetSocket {
  std::uint32_t ino = 0;
  int family = 0, type = 0, protocol = 0;
  TcpState state = TcpState::kClose;  ///< of others than TCP: kEstablished when connected, else kClose
  InetAddress local{}, peer{};
  std::uint32_t backlog = 0;
  std::uint32_t shutdown = 0;  ///< 1 no more reading, 2 no more writing
  std::uint32_t net_ns = 0;
  std::string interface {};  ///< of a link-local address
  std::optional<std::uint32_t> uid{}, gid{};
  SocketOptions options{};
  ProtocolOptions protocol_options{};
  std::optional<TcpStream> stream{};
  std::vector<Membership> memberships{};
  std::vector<Datagram> queue{};
  std::vector<WaitingConnection> waiting{};  ///< of a listening one, in the order of accept(2)
  FileId waits_at = 0;                       ///< the listener in whose queue the other end of this connection is

  bool tcp() const { return type == SOCK_STREAM; }
  bool connection() const { return tcp() && is_connection(state); }
  /// Others than datagrams of its device would not come to it.
  bool of_device() const { return !options.bound_device.empty(); }
  bool listening() const { return tcp() && state == TcpState::kListen; }
  /// It was a connection, and both sides have closed it, or it was reset: what was received can still be read.
  bool spent() const { return tcp() && state == TcpState::kClose && shutdown != 0; }
  /// --tcp-close: a connection becomes a socket that never had one.
  void forget_connection() {
    if (!connection()) return;
    state = TcpState::kClose;
    local.port = peer.port = 0;
    shutdown = 0;
  }
  SocketClass kind() const { return {family, type, protocol, connection() || spent()}; }
};

struct InetModel {
  std::map<FileId, InetSocket> sockets{};
  std::atomic<std::uint32_t>* queued = nullptr;  ///< restore: how many connections wait again, for all tasks to see
};

bool matches_inet(const FileProbe& probe);
Result<> collect_inet(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_inet(DumpCtx& ctx);
Result<> write_inet(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_inet_images(DumpCtx& ctx);
Result<> read_inet(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_inet_images(ReadCtx& ctx);
Result<> plan_inet(PlanCtx& ctx);
Result<> furnish_inet(RestoreCtx& ctx);
bool late_inet(const Models& models, FileId id);
Result<UniqueFd> open_inet(TaskCtx& ctx, FileId id);
Result<> join_inet(TaskCtx& ctx);
Result<> connect_inet(TaskCtx& ctx, FileId id, int fd);
/// The interface of a link-local address, which plan could not look for in a network namespace of the tree's own.
Result<> find_interface(InetSocket& s, const std::string& object);
/// Options that must be last. Errors: setsockopt(2).
Result<> finish_options(int fd, const InetSocket& s, const std::string& object);
/// bind(2) in repair mode, which shares the port with whoever has it. Errors: bind(2), setsockopt(2).
Result<> bind_in_repair(int fd, const InetAddress& address, const std::string& object);
/// The end of a connection's repair, when its network is no longer locked.
Result<> revive_inet(int fd, const InetSocket& s, const std::string& object);

inline constexpr FileKind kInetKind{
    .name = "inet socket",
    .type = 4,
    .matches = matches_inet,
    .collect = collect_inet,
    .settle = settle_inet,
    .write = write_inet,
    .write_images = write_inet_images,
    .read = read_inet,
    .read_images = read_inet_images,
    .late = late_inet,
    .plan = plan_inet,
    .furnish = furnish_inet,
    .open = open_inet,
    .join = join_inet,
    .connect = connect_inet,
};

}  // namespace cr::net
