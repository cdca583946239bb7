// unix sockets: pairs (socketpair(2)) of stream, datagram and seqpacket type, with what is in flight in them.
//
// Shown by sock_diag(7) (peer, shutdown), getsockopt(2), and recvmsg(2) with MSG_PEEK, which leaves bytes, passed
// descriptors and credentials where they are. Put back by one task for both ends: socketpair(2), then (kConnect) the
// queues are filled through the other end, the shutdowns repeated, the options set.
// A passed descriptor may be the only one of its description: it is collected like any other.
// Refused: sockets with names, listening ones, unconnected ones, an end whose peer is held outside the tree.
#pragma once

#include <sys/socket.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/file_kind.h"
#include "net/sk_opts.h"

namespace cr::net {

/// One piece of a queue: a datagram, or bytes of a stream that came with one set of descriptors and credentials.
struct UnixMessage {
  std::vector<std::uint8_t> data{};
  std::vector<FileId> rights{};
  std::optional<ucred> creds{};  ///< pid in the pid namespace of the tree's root
};

struct UnixSocket {
  std::uint32_t ino = 0;
  std::uint32_t type = 0;      ///< SOCK_*
  std::uint32_t state = 0;     ///< TCP_* of the kernel, as images and sock_diag have it
  std::uint32_t backlog = 0;   ///< bytes of memory on the way to the peer
  std::uint32_t peer = 0;      ///< inode; 0: it was closed
  std::uint32_t shutdown = 0;  ///< 1 reading, 2 writing
  std::uint32_t net_ns = 0;
  int peek_off = -1;
  bool reset = false;  ///< ECONNRESET is pending: the peer was closed with unread data
  std::optional<std::uint32_t> peer_uid{}, peer_gid{};  ///< SO_PEERCRED
  SocketOptions options{};
  std::vector<UnixMessage> queue{};

  // Restore, in the owner while it opens: the other end, on a service number; -1 none.
  int other_end = -1;
};

struct UnixModel {
  std::map<FileId, UnixSocket> sockets{};
  std::map<std::uint32_t, FileId> by_inode{};
};

bool matches_unix(const FileProbe& probe);
Result<> collect_unix(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_unix(DumpCtx& ctx);
Result<> write_unix(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_unix_images(DumpCtx& ctx);
Result<> read_unix(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_unix_images(ReadCtx& ctx);
std::uint64_t group_of_unix(const Models& models, FileId id);
Result<UniqueFd> open_unix(TaskCtx& ctx, FileId id);
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
    .open = open_unix,
    .connect = connect_unix,
};

}  // namespace cr::net
