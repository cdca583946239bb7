// IPv4 and IPv6 sockets: TCP (listening, connected, half-closed, bound, new), UDP, UDP-Lite, ICMP and raw.
//
// Shown by getsockname(2), getsockopt(2) and TCP_INFO on a copy of the descriptor, connections by TCP_REPAIR
// (tcp_stream.h), what waits in queues by MSG_PEEK. Put back by the owner alone when it opens: socket(2), options,
// bind(2), then listen(2), connect(2) or a repaired connection. A connection stays in repair mode, mute, until the
// whole tree is complete: a restore that fails is silent to the peer.
// Order matters nowhere: addresses are bound in repair mode, which shares a port with whoever has it, and `plan` has
// made sure that nobody outside the tree has it.
//
// Refused: see inet_collect.cc (connections in the middle of a handshake, TLS and MPTCP, pending errors, urgent data)
// and inet_plan.cc (ports that are taken, addresses that are not there).
#pragma once

#include <map>
#include <optional>

#include "core/file_kind.h"
#include "net/inet_address.h"
#include "net/protocol_opts.h"
#include "net/sk_opts.h"
#include "net/tcp_stream.h"

namespace cr::net {

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

  bool tcp() const { return type == SOCK_STREAM; }
  bool connection() const { return tcp() && is_connection(state); }
  /// It was a connection, and both sides have closed it, or it was reset: what was received can still be read.
  bool spent() const { return tcp() && state == TcpState::kClose && shutdown != 0; }
  SocketClass kind() const { return {family, type, protocol, connection() || spent()}; }
};

struct InetModel {
  std::map<FileId, InetSocket> sockets{};
};

bool matches_inet(const FileProbe& probe);
Result<> collect_inet(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_inet(DumpCtx& ctx);
Result<> write_inet(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_inet_images(DumpCtx& ctx);
Result<> read_inet(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_inet_images(ReadCtx& ctx);
Result<> plan_inet(PlanCtx& ctx);
Result<UniqueFd> open_inet(TaskCtx& ctx, FileId id);
Result<> connect_inet(TaskCtx& ctx, FileId id, int fd);
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
    .plan = plan_inet,
    .open = open_inet,
    .connect = connect_inet,
};

}  // namespace cr::net
