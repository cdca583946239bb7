#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <set>

#include "base/format.h"
#include "core/sharing.h"
#include "files/description.h"
#include "files/holders.h"
#include "files/identity.h"
#include "net/unix_diag.h"
#include "net/unix_queue.h"
#include "net/unix_socket.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

namespace cr::net {
namespace {

int int_option(int fd, int option, int missing) {
  int value = missing;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : missing;
}

bool has_name(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && size > sizeof address.sun_family;
}

Error refuse(const files::Description& d, std::string why) {
  return Error{"net", "dump", d.object, 0, std::move(why)};
}

/// Which sockets are the peers of which, for all that have not been asked about yet.
Result<> find_peers(DumpCtx& ctx, const std::set<std::uint32_t>& inodes) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  const auto answers = TRY(ask_unix_diag(inodes));
  for (std::uint32_t ino : inodes) {
    const FileId id = model.by_inode.at(ino);
    UnixSocket& s = model.sockets.at(id);
    const files::Description& d = files::description(ctx.models, id);
    const auto it = answers.find(ino);
    if (it == answers.end())
      return refuse(
          d, "sock_diag does not show it: it belongs to another network namespace, or the kernel has no unix_diag");
    const UnixDiag& diag = it->second;
    if (diag.state == TCP_LISTEN) return refuse(d, "listening unix sockets are not carried yet");
    if (!diag.has_peer) return refuse(d, "unix sockets without a peer are not carried yet: close it before the dump");
    s.state = diag.state;
    s.peer = diag.peer;
    s.backlog = diag.wqueue;
    s.shutdown = diag.shutdown;
  }
  return {};
}

/// The descriptions of passed descriptors; what is new is collected, and lives on in our copy.
Result<std::vector<FileId>> collect_rights(DumpCtx& ctx, std::vector<UniqueFd> rights) {
  std::vector<FileId> ids;
  for (UniqueFd& fd : rights) {
    const FileId before = ctx.ids.next_file;
    const FileId id = TRY(files::collect_fd(ctx, HostPid{getpid()}, TargetFd{fd.get()}));
    if (id >= before) ctx.models.edit<files::Collected>().keep.push_back(std::move(fd));
    ids.push_back(id);
  }
  return ids;
}

std::optional<ucred> in_tree(const TaskTree& tree, std::optional<ucred> creds) {
  if (!creds) return creds;
  for (const Task& t : tree.tasks)
    if (t.host.value == creds->pid) creds->pid = t.pid.value;
  return creds;
}

Result<> collect_queue(DumpCtx& ctx, FileId id) {
  const files::Description d = files::description(ctx.models, id);
  const int type = static_cast<int>(ctx.models.get<UnixModel>().sockets.at(id).type);
  UniqueFd fd = TRY(files::copy_fd(d.pid, d.fd));
  std::vector<UnixMessage> queue;
  for (PeekedMessage& m : TRY(peek_queue(fd.get(), type, d.object))) {
    UnixMessage message;
    message.data = std::move(m.data);
    message.creds = in_tree(ctx.tree, m.creds);
    message.rights = TRY(collect_rights(ctx, std::move(m.rights)));
    queue.push_back(std::move(message));
  }
  UnixSocket& s = ctx.models.edit<UnixModel>().sockets.at(id);
  s.queue = std::move(queue);
  pollfd p{fd.get(), 0, 0};
  s.reset = s.peer == 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
  return {};
}

/// Every end that is not closed must be in the tree.
Result<> refuse_outside(const DumpCtx& ctx) {
  const UnixModel& model = ctx.models.get<UnixModel>();
  for (const auto& [id, s] : model.sockets) {
    if (s.peer == 0 || model.by_inode.contains(s.peer)) continue;
    return refuse(files::description(ctx.models, id),
                  format("its peer is held by {} outside the tree: dump that too, or close the connection before",
                         files::find_holder(ctx.tree, format("socket:[{}]", s.peer))));
  }
  return {};
}

}  // namespace

bool matches_unix(const FileProbe& p) {
  if (!S_ISSOCK(p.st.st_mode) || (p.flags & O_PATH)) return false;
  return int_option(p.fd, SO_DOMAIN, -1) == AF_UNIX;
}

Result<> collect_unix(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  UnixSocket s;
  s.ino = static_cast<std::uint32_t>(probe.st.st_ino);
  s.type = static_cast<std::uint32_t>(int_option(probe.fd, SO_TYPE, 0));
  s.peek_off = int_option(probe.fd, SO_PEEK_OFF, -1);
  if (has_name(probe.fd))
    return Error{"net", "dump", probe.name(), 0,
                 "unix sockets with a name are not carried yet: close it before the dump"};
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(probe.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid != static_cast<uid_t>(-1)) {
    s.peer_uid = peer.uid;
    s.peer_gid = peer.gid;
  }
  s.options = TRY(get_options(probe.fd, probe.name()));
  const KobjModel& ids = ctx.models.get<KobjModel>();
  s.net_ns = ids.root.net_ns;
  for (const Task& t : ctx.tree.tasks)
    if (t.host == probe.pid) s.net_ns = ids.of.at(t.pid).net_ns;
  UnixModel& model = ctx.models.edit<UnixModel>();
  model.by_inode[s.ino] = id;
  model.sockets[id] = std::move(s);
  return {};
}

Result<> settle_unix(DumpCtx& ctx) {
  std::set<FileId> done;
  for (;;) {
    // Descriptors in flight may be sockets, with further descriptors in flight.
    std::set<std::uint32_t> inodes;
    std::vector<FileId> fresh;
    for (const auto& [id, s] : ctx.models.get<UnixModel>().sockets)
      if (done.insert(id).second) {
        inodes.insert(s.ino);
        fresh.push_back(id);
      }
    if (fresh.empty()) return refuse_outside(ctx);
    TRY(find_peers(ctx, inodes));
    for (FileId id : fresh) TRY(collect_queue(ctx, id));
  }
}

}  // namespace cr::net
