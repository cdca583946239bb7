#include "net/unix_peers.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "files/holders.h"
#include "net/errors.h"
#include "net/namespace.h"
#include "net/unix_diag.h"
#include "net/unix_queue.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

namespace cr::net {
namespace {

constexpr std::uint8_t kBothWays = 3;  // what close(2) of the peer leaves in a stream's shutdown mask

bool allowed(const Options& opt, std::uint32_t own, std::uint32_t peer) {
  if (opt.ext_unix_sk) return true;
  return std::any_of(opt.external.begin(), opt.external.end(), [&](const std::string& name) {
    return name == format("unix[{}]", own) || (peer != 0 && name == format("unix[{}]", peer));
  });
}

/// As the tree sees them.
void translate(const core::TreeIds& ids, UnixCreds& who) {
  who.ids.uid = ids.uid(who.ids.uid);
  who.ids.gid = ids.gid(who.ids.gid);
  for (std::uint32_t& group : who.groups) group = ids.gid(group);
}

/// Who made the connection of a client that waits: whoever has it, as far as can be told.
UnixCreds holder_of(const DumpCtx& ctx, const files::Description& d) {
  UnixCreds who;
  const auto status = core::read_proc(d.pid, "status");
  if (!status.ok()) return who;
  auto effective = [&](const char* field) -> std::uint32_t {
    const auto words = core::words(core::field(status.value(), field).value_or(""));
    return words.size() < 2 ? 0 : static_cast<std::uint32_t>(core::number(words[1]).value_or(0));
  };
  who.ids.uid = effective("Uid");
  who.ids.gid = effective("Gid");
  const std::string groups(core::field(status.value(), "Groups").value_or(""));
  for (std::string_view word : core::words(groups))
    if (const auto n = core::number(word)) who.groups.push_back(static_cast<std::uint32_t>(*n));
  for (const Task& t : ctx.tree.tasks)
    if (t.host == d.pid) who.ids.pid = t.pid.value;
  translate(ctx.models.get<core::TreeIds>(), who);
  return who;
}

/// Clients that a listener of the tree has not accepted: their peer has no inode, so it looks closed. Those outside
/// are left out when that is allowed, and see the end of the connection.
Result<> settle_pending(DumpCtx& ctx, UnixSocket& listener, const files::Description& d) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  std::erase_if(listener.pending, [&](std::uint32_t ino) {
    return ino != 0 && !model.by_inode.contains(ino) && allowed(ctx.opt, listener.ino, ino);
  });
  for (std::uint32_t ino : listener.pending) {
    if (ino == 0) continue;
    const auto it = model.by_inode.find(ino);
    if (it == model.by_inode.end())
      return refuse(d, format("{} outside the tree waits to be accepted by it: let it be accepted, end it, or give "
                              "--ext-unix-sk to have its connection closed",
                              files::find_holder(ctx.tree, format("socket:[{}]", ino))));
    UnixSocket& client = model.sockets.at(it->second);
    const files::Description& c = files::description(ctx.models, it->second);
    if (client.backlog != 0)
      return refuse(c, format("it has sent data over a connection that {} has not accepted yet, where it can't be "
                              "seen: try again when it was accepted",
                              d.object));
    client.peer = listener.ino;
    client.peer_closed = client.reset = false;
    client.peer_name.clear();
    client.connector = holder_of(ctx, c);
  }
  return {};
}

/// What clients that are gone by now have sent.
Result<> refuse_orphaned_data(const UnixSocket& listener, const files::Description& d) {
  if (!std::count(listener.pending.begin(), listener.pending.end(), 0u)) return {};
  for (const UnixDiag& e : TRY(ask_all_unix()))
    if (e.ino == 0 && e.type == listener.type && e.name == listener.name.bytes && e.rqueue != 0)
      return refuse(d,
                    "a client has sent data and closed its connection, which was not accepted yet; that data "
                    "can't be seen: try again when it was accepted");
  return {};
}

/// A record of a datagram socket outside, which is reached again by its name.
FileId add_external(DumpCtx& ctx, const UnixSocket& s, std::string name) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  if (const auto it = model.by_inode.find(s.peer); it != model.by_inode.end()) return it->second;
  files::Description d;
  d.id = ctx.ids.next_file++;
  d.kind = &kUnixKind;
  d.flags = O_RDWR;
  UnixSocket outside;
  outside.ino = s.peer;
  outside.type = s.type;
  outside.state = kUnixUnconnected;
  outside.uflags = UnixSocket::kExternal;
  outside.net_ns = s.net_ns;
  outside.name.bytes = std::move(name);
  d.object = format("unix socket {} outside the tree", outside.name.text());
  const FileId id = d.id;
  ctx.models.edit<files::Model>().descriptions.emplace(id, std::move(d));
  model.by_inode[outside.ino] = id;
  model.sockets[id] = std::move(outside);
  return id;
}

Result<> settle_peer(DumpCtx& ctx, FileId id) {
  const files::Description d = files::description(ctx.models, id);
  UnixSocket& s = ctx.models.edit<UnixModel>().sockets.at(id);
  const std::string holder = files::find_holder(ctx.tree, format("socket:[{}]", s.peer));
  if (!allowed(ctx.opt, s.ino, s.peer))
    return refuse(d, format("its peer is held by {} outside the tree: dump that too, close the connection before, or "
                            "give --ext-unix-sk or --external unix[{}], and {}",
                            holder, s.ino,
                            s.datagram() ? "it is connected to that name again" : "the connection ends for both"));
  const UniqueFd fd = TRY(files::copy_fd(d.pid, d.fd));
  std::string name = peer_name(fd.get());
  if (s.datagram() && !name.empty()) {
    if (name[0] != '\0' && name[0] != '/')
      return refuse(d, format("its peer, held by {}, has the relative name {}, which can't be reached from here",
                              holder, name.c_str()));
    add_external(ctx, s, std::move(name));
    return {};
  }
  s.peer = 0;
  s.peer_closed = s.ended = true;
  s.peer_name = std::move(name);
  return {};
}

}  // namespace

std::optional<UnixCreds> peer_creds(int fd, const TaskTree& tree, const core::TreeIds& ids) {
  UnixCreds who;
  socklen_t size = sizeof who.ids;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who.ids, &size) != 0 || who.ids.uid == static_cast<uid_t>(-1))
    return std::nullopt;
  const auto it =
      std::find_if(tree.tasks.begin(), tree.tasks.end(), [&](const Task& t) { return t.host.value == who.ids.pid; });
  if (it != tree.tasks.end())
    who.ids.pid = it->pid.value;
  else if (tree.root().host.value != tree.root().pid.value)
    who.ids.pid = 0;  // the number that we see is of another pid namespace
  who.groups.resize(NGROUPS_MAX);
  size = static_cast<socklen_t>(who.groups.size() * sizeof(std::uint32_t));
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, who.groups.data(), &size) != 0) size = 0;
  who.groups.resize(size / sizeof(std::uint32_t));
  translate(ids, who);
  return who;
}

Result<> find_peers(DumpCtx& ctx, NsId ns, const std::set<std::uint32_t>& inodes) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  const auto stay = TRY(visit(ctx.tree, ctx.models, ns));
  auto answers = TRY(ask_unix_diag(inodes));
  for (std::uint32_t ino : inodes) {
    const FileId id = model.by_inode.at(ino);
    UnixSocket& s = model.sockets.at(id);
    const files::Description& d = files::description(ctx.models, id);
    const auto it = answers.find(ino);
    if (it == answers.end()) return refuse(d, "sock_diag does not show it: the kernel has no unix_diag");
    UnixDiag& diag = it->second;
    s.state = diag.state;
    s.peer = diag.peer;
    s.peer_closed = diag.has_peer && diag.peer == 0;
    s.backlog = diag.wqueue;
    s.shutdown = diag.shutdown;
    s.pending = std::move(diag.pending);
  }
  return {};
}

Result<> settle_outside(DumpCtx& ctx) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  std::vector<FileId> all;
  for (const auto& [id, s] : model.sockets) all.push_back(id);
  for (FileId id : all) {
    UnixSocket& s = model.sockets.at(id);
    if (!s.listening()) continue;
    TRY(settle_pending(ctx, s, files::description(ctx.models, id)));
    TRY(refuse_orphaned_data(s, files::description(ctx.models, id)));
  }
  for (FileId id : all) {
    const UnixSocket& s = model.sockets.at(id);
    if (s.peer != 0 && !model.by_inode.contains(s.peer)) TRY(settle_peer(ctx, id));
    if (s.peer_closed && !s.ended && !s.datagram() && s.shutdown != kBothWays && !allowed(ctx.opt, s.ino, 0))
      return refuse(files::description(ctx.models, id),
                    "it waits to be accepted by a process outside the tree: try again when it was accepted, or give "
                    "--ext-unix-sk to have the connection closed");
  }
  return {};
}

void end_outside(const DumpCtx& ctx) {
  for (const auto& [id, s] : ctx.models.get<UnixModel>().sockets) {
    if (!s.ended) continue;
    const files::Description& d = files::description(ctx.models, id);
    auto fd = files::copy_fd(d.pid, d.fd);
    if (!fd.ok()) continue;
    shutdown(fd.value().get(), SHUT_RDWR);
    char rest[4096];
    while (recv(fd.value().get(), rest, sizeof rest, MSG_DONTWAIT) > 0) {
    }
  }
}

Result<> refuse_unsendable(const DumpCtx& ctx) {
  const UnixModel& model = ctx.models.get<UnixModel>();
  std::optional<std::vector<UnixDiag>> all;
  auto of_tree = [&](const std::string& name) {
    return std::any_of(model.sockets.begin(), model.sockets.end(), [&](const auto& x) {
      return x.second.datagram() && !x.second.external() && x.second.name.bytes == name;
    });
  };
  for (const auto& [id, s] : model.sockets)
    for (const UnixMessage& m : s.queue) {
      if (s.name.is_path() || m.from.empty() || m.from[0] != '\0' || of_tree(m.from)) continue;
      if (!all) all = TRY(ask_all_unix());
      if (std::any_of(all->begin(), all->end(), [&](const UnixDiag& d) { return d.name == m.from; }))
        return refuse(
            files::description(ctx.models, id),
            format("a message of {}, a socket outside the tree, is in its queue, and nobody else can send in "
                   "that name: let it be read first",
                   UnixName{.bytes = m.from}.text()));
    }
  return {};
}

Result<> refuse_hidden(const DumpCtx& ctx) {
  const UnixModel& model = ctx.models.get<UnixModel>();
  for (const auto& [id, s] : model.sockets) {
    const auto peer = model.by_inode.find(s.peer);
    if (s.type == SOCK_STREAM || s.backlog == 0 || peer == model.by_inode.end()) continue;
    const UnixSocket& receiver = model.sockets.at(peer->second);
    if (receiver.peer != s.ino || receiver.listening()) continue;  // others send there too, or it sends elsewhere too
    std::vector<std::size_t> sizes;
    for (const UnixMessage& m : receiver.queue) sizes.push_back(m.data.size());
    const auto type = static_cast<int>(s.type);
    const std::uint32_t shown = static_cast<std::uint32_t>(TRY(memory_of(sizes, type)));
    // Of a datagram socket, other messages may be on their way to somebody else.
    if (shown < s.backlog && (s.backlog - shown) % static_cast<std::uint32_t>(TRY(memory_of({0}, type))) == 0)
      return refuse(files::description(ctx.models, peer->second),
                    "an empty packet is in its queue that was looked at (MSG_PEEK) before, by an earlier dump or the "
                    "program; the kernel does not show it again: let it be read first");
  }
  return {};
}

}  // namespace cr::net
