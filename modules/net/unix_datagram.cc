// Datagram sockets that are no pair: a queue may hold messages of many senders.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "base/format.h"
#include "net/errors.h"
#include "net/unix_actor.h"
#include "net/unix_arrange.h"
#include "net/unix_queue.h"
#include "net/unix_restore.h"

namespace cr::net {
namespace {

/// The socket of the tree that a message came from; 0 when it is none of the tree.
FileId sender_of(const Models& models, const UnixSocket& receiver, const std::string& name) {
  FileId found = 0;
  for (const auto& [id, s] : models.get<UnixModel>().sockets) {
    if (!s.datagram() || s.external() || s.inherited || s.name.bytes != name || s.net_ns != receiver.net_ns) continue;
    if (files::description(models, id).home == 0) continue;
    if (!name.empty()) return id;
    // Of those without a name nobody can tell which it was, unless only one can have been it.
    if (s.peer != receiver.ino || s.backlog == 0) continue;
    if (found != 0) return 0;
    found = id;
  }
  return found;
}

Result<> connect_one(TaskCtx& ctx, const UnixModel& model, const UnixSocket& s, const files::Description& d) {
  UnixAddress address;
  UniqueFd peer;
  if (s.peer != 0) {
    const FileId id = model.by_inode.at(s.peer);
    const UnixSocket& other = model.sockets.at(id);
    if (other.external()) {
      address.bytes = other.name.bytes;
    } else {
      peer = TRY(files::borrow(ctx, id));
      address = TRY(reach(peer.get(), d.object));
    }
  } else if (s.peer_closed) {
    peer = TRY(stand_in_for(s.peer_name, SOCK_DGRAM, d.object));
    address = TRY(reach(peer.get(), d.object));
  } else {
    return {};
  }
  const int err = connect_to(d.number, address.bytes);
  if (err == 0) return {};
  return failed("connect", d, err,
                s.peer != 0 ? format("{} has to be there when it is restored", address.bytes.c_str()) : "");
}

}  // namespace

Result<> fill_datagrams(TaskCtx& ctx, const UnixSocket& s, int fd, const files::Description& d) {
  if (s.queue.empty()) return {};
  const UnixAddress address = TRY(reach(fd, d.object));
  std::map<std::string, UniqueFd> senders;
  for (const UnixMessage& m : s.queue) {
    UniqueFd& sender = senders[m.from];
    if (!sender) {
      const FileId id = sender_of(ctx.models(), s, m.from);
      sender = id != 0 ? TRY(files::borrow(ctx, id)) : TRY(stand_in_for(m.from, SOCK_DGRAM, d.object));
      widen_send_buffer(sender.get());
    }
    TRY(send_again(ctx, s, m, sender.get(), address.bytes, d));
  }
  return {};
}

Result<> connect_datagrams(TaskCtx& ctx) {
  const UnixModel& model = ctx.models().get<UnixModel>();
  const files::Model& files = ctx.models().get<files::Model>();
  const std::uint32_t own = files.table_of[ctx.task.index];
  if (model.lone_datagrams.empty() || files.tables.at(own).leader != ctx.task.index) return {};
  UnixProgress& progress = *model.progress;
  for (std::uint32_t i = 0; i < model.lone_datagrams.size(); ++i) {
    const FileId id = model.lone_datagrams[i];
    const files::Description& d = files::description(ctx.models(), id);
    if (d.home != own) continue;
    const UnixSocket& s = model.sockets.at(id);
    await_turn(ctx, progress.filled, static_cast<std::uint32_t>(model.lone_datagrams.size()));
    await_turn(ctx, progress.connected, i);
    TRY(connect_one(ctx, model, s, d));
    progress.connected = i + 1;
    TRY(finish_end(s, d.number, d));
  }
  return {};
}

}  // namespace cr::net
