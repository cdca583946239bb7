// unix sockets: stream, datagram and seqpacket; with names or without; listening, connected, waiting to be accepted;
// with what is in flight in them.
//
// Shown by sock_diag(7) (peer, shutdown, clients that wait), getsockopt(2), getsockname(2), SIOCUNIXFILE (the file of
// a name), and recvmsg(2) with MSG_PEEK, which leaves bytes, passed descriptors and credentials where they are.
//
// Put back: kOpen makes, binds and lets listen; pairs without names come from socketpair(2). kJoin makes connections
// by connect(2) and accept(2), each by the process that SO_PEERCRED of the accepted end names, so that names and
// credentials are what they were; a listener that is gone by now is stood in for. Then the clients that nobody has
// accepted yet connect, in their order. kConnect fills the queues, through the other end or from a socket with the
// sender's name, repeats shutdowns, sets options. Datagram sockets are connected last of all (module net, enter):
// one that is connected takes messages from its peer alone.
//
// A passed descriptor may be the only one of its description: it is collected like any other.
// Refused: a peer, or a client that waits, outside the tree (unless --ext-unix-sk or --external unix[INODE]); data in
// a connection that nobody has accepted yet; urgent data; empty packets that a look has hidden. See unix_peers.cc.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/file_kind.h"
#include "net/sk_opts.h"
#include "net/unix_name.h"

namespace cr::net {

/// States of unix sockets, as images and sock_diag(7) have them: TCP's.
inline constexpr std::uint8_t kUnixConnected = 1, kUnixUnconnected = 7, kUnixListening = 10;

/// One piece of a queue: a datagram, or bytes of a stream that came with one set of descriptors and credentials.
struct UnixMessage {
  std::vector<std::uint8_t> data{};
  std::vector<FileId> rights{};
  std::optional<ucred> creds{};  ///< pid in the pid namespace of the tree's root
  std::string from{};            ///< of a datagram: name of the socket that sent it
};

/// Whom SO_PEERCRED and SO_PEERGROUPS tell of.
struct UnixCreds {
  ucred ids{};  ///< pid in the pid namespace of the tree's root, 0 when it can't be told
  std::vector<std::uint32_t> groups{};
  bool operator==(const UnixCreds& o) const {
    return ids.pid == o.ids.pid && ids.uid == o.ids.uid && ids.gid == o.ids.gid && groups == o.groups;
  }
};

struct UnixSocket {
  std::uint32_t ino = 0;
  std::uint32_t type = 0;      ///< SOCK_*
  std::uint32_t state = 0;     ///< kUnixConnected ...
  std::uint32_t uflags = 0;    ///< kExternal
  std::uint32_t backlog = 0;   ///< of a listener: listen(2)'s; else bytes of memory on the way to the peer
  std::uint32_t peer = 0;      ///< inode; of one that is not accepted yet, that of its listener
  std::uint32_t shutdown = 0;  ///< 1 reading, 2 writing
  std::uint32_t net_ns = 0;
  UnixName name{};
  bool peer_closed = false;  ///< it is connected to a socket that is gone
  std::string peer_name{};   ///< of that one
  bool ended = false;        ///< that one is outside the tree and sees the end of the connection
  bool reset = false;        ///< ECONNRESET is pending: the peer was closed with unread data
  int peek_off = -1;
  std::optional<UnixCreds> peer_cred{};  ///< SO_PEERCRED
  std::vector<std::uint32_t> pending{};  ///< of a listener: inodes of clients not accepted yet; 0: gone
  std::optional<UnixCreds> connector{};  ///< of such a client: who connects
  SocketOptions options{};
  std::vector<UnixMessage> queue{};

  // Restore. Of a connection: its other end, and by which listener it comes about; 0 none.
  FileId partner = 0, listener = 0;
  bool is_client = false;  ///< of a connection with a listener: the end that connects
  int other_end = -1;      ///< in the owner: an end that the partner, or nobody, takes; on a service number
  bool inherited = false;  ///< by --inherit-fd
  bool again = false;      ///< its connection to the outside has ended, and is made again by the peer's name

  bool listening() const { return state == kUnixListening; }
  bool external() const { return (uflags & kExternal) != 0; }
  bool datagram() const { return type == SOCK_DGRAM; }

  static constexpr std::uint32_t kExternal = 1;  ///< of the image format: outside the tree, only its name counts
};

/// Restore: what the tasks tell each other, in memory that they share.
struct UnixProgress {
  std::atomic<std::uint32_t> lock;       ///< held while one connects and accepts
  std::atomic<std::uint32_t> joined;     ///< connections made
  std::atomic<std::uint32_t> queued;     ///< clients that wait for accept(2)
  std::atomic<std::uint32_t> filled;     ///< queues of lone datagram sockets
  std::atomic<std::uint32_t> connected;  ///< lone datagram sockets
};

/// A client that waits to be accepted; `client` 0: it has been closed since.
struct UnixPending {
  FileId client = 0, listener = 0;
};

struct UnixModel {
  std::map<FileId, UnixSocket> sockets{};
  std::map<std::uint32_t, FileId> by_inode{};

  // Restore, from the images.
  std::uint32_t joins = 0;               ///< connections that kJoin makes
  std::vector<UnixPending> pending{};    ///< in the order of connecting
  std::vector<FileId> lone_datagrams{};  ///< those that are no pair, in the order of connecting
  UnixProgress* progress = nullptr;
};

bool matches_unix(const FileProbe& probe);
Result<> collect_unix(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_unix(DumpCtx& ctx);
Result<> write_unix(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_unix_images(DumpCtx& ctx);
Result<> read_unix(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_unix_images(ReadCtx& ctx);
std::uint64_t group_of_unix(const Models& models, FileId id);
std::uint32_t opener_of_unix(const Models& models, const TaskTree& tree, FileId id);
bool late_unix(const Models& models, FileId id);
Result<> plan_unix(PlanCtx& ctx);
Result<> furnish_unix(RestoreCtx& ctx);
Result<UniqueFd> open_unix(TaskCtx& ctx, FileId id);
Result<> join_unix(TaskCtx& ctx);
Result<> connect_unix(TaskCtx& ctx, FileId id, int fd);

/// Must stand before pipe and epoll in the table: its settle finds descriptions that are only in flight.
inline constexpr FileKind kUnixKind{
    .name = "unix socket",
    .type = 5,
    .matches = matches_unix,
    .collect = collect_unix,
    .settle = settle_unix,
    .write = write_unix,
    .write_images = write_unix_images,
    .read = read_unix,
    .read_images = read_unix_images,
    .group = group_of_unix,
    .opener = opener_of_unix,
    .late = late_unix,
    .plan = plan_unix,
    .furnish = furnish_unix,
    .open = open_unix,
    .join = join_unix,
    .connect = connect_unix,
};

}  // namespace cr::net
