// Both ends of a connection are opened by one task, which fills both queues later.
#include "net/unix_restore.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/defer.h"
#include "base/format.h"
#include "base/log.h"
#include "core/id_map.h"
#include "core/stages.h"
#include "net/errors.h"
#include "net/unix_actor.h"
#include "net/unix_arrange.h"
#include "net/unix_charge.h"
#include "net/unix_queue.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

namespace cr::net {
namespace {

/// As the calling task would have to say it, which may know others by other numbers.
ucred creds_for(const TaskCtx& ctx, const ucred& ids) {
  return {ctx.tree().number_in(ctx.task.space, NsPid{ids.pid}), core::uid_for(ctx.models(), ctx.task.pid, ids.uid),
          core::gid_for(ctx.models(), ctx.task.pid, ids.gid)};
}
UnixCreds creds_for(const TaskCtx& ctx, const std::optional<UnixCreds>& creds) {
  if (!creds) return {{0, geteuid(), getegid()}, {}};
  UnixCreds seen = *creds;
  seen.ids = creds_for(ctx, creds->ids);
  for (std::uint32_t& g : seen.groups) g = core::gid_for(ctx.models(), ctx.task.pid, g);
  return seen;
}

Result<UniqueFd> make_socket(const UnixSocket& s, const files::Description& d) {
  UniqueFd fd(socket(AF_UNIX, static_cast<int>(s.type) | SOCK_CLOEXEC, 0));
  if (!fd) return failed("make", d, errno);
  return fd;
}

/// Both ends by socketpair(2), as the one who made it then.
Result<UniqueFd> open_pair(TaskCtx& ctx, UnixSocket& s, const files::Description& d) {
  int fds[2];
  const int err = make_pair_as(creds_for(ctx, s.peer_cred), d.object, static_cast<int>(s.type), fds);
  if (err != 0) return failed("make", d, err);
  UniqueFd own(fds[0]);
  s.other_end = TRY(files::to_service(ctx.restore, UniqueFd(fds[1]))).release();
  return own;
}

/// A new connection to the outside; whoever listens there decides what becomes of it.
Result<UniqueFd> connect_again(const UnixSocket& s, const files::Description& d) {
  UniqueFd fd = TRY(make_socket(s, d));
  TRY(bind_name(fd.get(), s.name, d.object));
  const int err = connect_to(fd.get(), s.peer_name);
  if (err != 0) return failed(format("connect to {} again with", UnixName{.bytes = s.peer_name}.text()), d, err);
  return fd;
}

/// Both ends by connect(2) and accept(2).
Result<UniqueFd> open_connection(TaskCtx& ctx, UnixModel& model, UnixSocket& s, const files::Description& d) {
  const UnixSocket* partner = s.partner == 0 ? nullptr : &model.sockets.at(s.partner);
  const UnixSocket* client = s.is_client ? &s : partner;
  const UnixSocket* server = s.is_client ? partner : &s;
  UniqueFd connecting =
      client != nullptr ? TRY(make_socket(s, d)) : TRY(stand_in_for(s.peer_name, static_cast<int>(s.type), d.object));
  if (client != nullptr) TRY(bind_name(connecting.get(), client->name, d.object));
  const UniqueFd listener = TRY(files::borrow(ctx, s.listener));
  const UnixAddress address = TRY(reach(listener.get(), d.object));
  const UnixCreds who = creds_for(ctx, server != nullptr ? server->peer_cred : std::nullopt);
  UnixProgress& progress = *model.progress;
  // What is accepted must be what was connected.
  for (std::uint32_t free = 0; !progress.lock.compare_exchange_strong(free, 1); free = 0)
    await_turn(ctx, progress.lock, 0);
  Defer unlock([&] { progress.lock = 0; });
  const int err = call_as(who, d.object, [&] { return connect_to(connecting.get(), address.bytes); });
  if (err != 0) return failed("connect", d, err);
  UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!accepted) return failed("accept", d, errno);
  ++progress.joined;
  UniqueFd& own = s.is_client ? connecting : accepted;
  s.other_end = TRY(files::to_service(ctx.restore, std::move(s.is_client ? accepted : connecting))).release();
  return std::move(own);
}

Result<> start_listening(const TaskCtx& ctx, const UnixSocket& s, int fd, std::size_t backlog,
                         const files::Description& d) {
  const int err = call_as(creds_for(ctx, s.peer_cred), d.object,
                          [&] { return listen(fd, static_cast<int>(backlog)) == 0 ? 0 : errno; });
  return err == 0 ? Result<>{} : failed("listen with", d, err);
}

/// One that socketpair(2) had made and that was connected elsewhere later: SO_PEERCRED still tells of then.
Result<> leave_pair(const TaskCtx& ctx, const UnixSocket& s, UniqueFd& fd, const files::Description& d) {
  int fds[2];
  const int err = make_pair_as(creds_for(ctx, s.peer_cred), d.object, SOCK_DGRAM, fds);
  if (err != 0) return failed("make", d, err);
  fd.reset(fds[0]);
  close(fds[1]);
  const sockaddr nobody{AF_UNSPEC, {}};
  if (connect(fd.get(), &nobody, sizeof nobody) != 0) return failed("disconnect", d, errno);
  return {};
}

Result<UniqueFd> open_alone(const TaskCtx& ctx, const UnixSocket& s, const files::Description& d) {
  UniqueFd fd = TRY(make_socket(s, d));
  if (s.datagram() && s.peer_cred) TRY(leave_pair(ctx, s, fd, d));
  TRY(bind_name(fd.get(), s.name, d.object));
  if (s.listening()) TRY(start_listening(ctx, s, fd.get(), std::max<std::size_t>(s.backlog, s.pending.size()), d));
  return fd;
}

/// A stream that lies in one piece here may have come in many; see unix_charge.h.
Result<> fill_stream(const UnixSocket& s, const std::vector<std::uint8_t>& data, std::uint32_t charge, int from,
                     const files::Description& d) {
  const std::size_t piece = TRY(piece_for_charge(data.size(), charge, d.object));
  for (std::size_t at = 0; at < data.size(); at += piece) {
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<std::uint8_t> part(begin,
                                         begin + static_cast<std::ptrdiff_t>(std::min(piece, data.size() - at)));
    TRY(send_message(from, static_cast<int>(s.type), part, Accompanying{}, d.object));
  }
  return {};
}

Result<> fill(TaskCtx& ctx, const UnixSocket& s, int from, const files::Description& d, std::uint32_t charge = 0) {
  widen_send_buffer(from);
  if (s.type == SOCK_STREAM && s.queue.size() == 1 && s.queue[0].rights.empty() && !s.queue[0].creds && charge != 0)
    return fill_stream(s, s.queue[0].data, charge, from, d);
  for (const UnixMessage& m : s.queue) TRY(send_again(ctx, s, m, from, {}, d));
  return {};
}

/// What close(2) of the peer does: end of file, and ECONNRESET when it had not read everything.
Result<> close_peer(UnixSocket& s, int fd, const files::Description& d) {
  UniqueFd other(std::exchange(s.other_end, -1));
  if (s.reset && send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
    return failed("make ECONNRESET pending in", d, errno);
  return {};
}

Result<> fill_connection(TaskCtx& ctx, UnixModel& model, FileId id, int fd) {
  UnixSocket& s = model.sockets.at(id);
  const files::Description& d = files::description(ctx.models(), id);
  if (s.partner == 0) {
    TRY(fill(ctx, s, s.other_end, d));
    TRY(close_peer(s, fd, d));
    return finish_end(s, fd, d);
  }
  const files::Description& e = files::description(ctx.models(), s.partner);
  TRY(fill(ctx, s, e.number, d, model.sockets.at(s.partner).backlog));
  // The end that comes second finds its own queue filled last: from there on both can be closed down.
  if (id < s.partner) return {};
  TRY(finish_end(model.sockets.at(s.partner), e.number, e));
  return finish_end(s, fd, d);
}

/// A client in the queue of its listener; one that is gone is closed again at once.
Result<> queue_client(TaskCtx& ctx, const UnixModel& model, const UnixPending& p) {
  const files::Description& d = files::description(ctx.models(), p.client != 0 ? p.client : p.listener);
  const UnixSocket& s = model.sockets.at(p.client != 0 ? p.client : p.listener);
  const UniqueFd gone = p.client != 0 ? UniqueFd() : TRY(make_socket(s, d));
  const int fd = p.client != 0 ? d.number : gone.get();
  const UniqueFd listener = TRY(files::borrow(ctx, p.listener));
  const UnixAddress address = TRY(reach(listener.get(), d.object));
  const UnixCreds who = creds_for(ctx, p.client != 0 ? s.connector : std::nullopt);
  const int err = call_as(who, d.object, [&] { return connect_to(fd, address.bytes); });
  return err == 0 ? Result<>{} : failed("connect", d, err);
}

}  // namespace

void await_turn(TaskCtx& ctx, const std::atomic<std::uint32_t>& counter, std::uint32_t value) {
  if (ctx.restore.shared != nullptr) return core::await_value(*ctx.restore.shared, counter, value);
  while (counter != value) usleep(50);  // a test without a coordinator
}

Result<> send_again(TaskCtx& ctx, const UnixSocket& receiver, const UnixMessage& m, int from, std::string to,
                    const files::Description& d) {
  std::vector<UniqueFd> rights;
  Accompanying with;
  with.to = std::move(to);
  with.creds = m.creds;
  for (FileId id : m.rights) {
    rights.push_back(TRY(files::borrow(ctx, id)));
    with.rights.push_back(rights.back().get());
  }
  if (with.creds) with.creds = creds_for(ctx, *with.creds);
  const PidHolder sender(with.creds ? with.creds->pid : 0);
  if (m.creds && !sender.exists()) {
    log::warn("{}: a message of pid {}, which can't be had here, will be told to be of pid {}", d.object,
              m.creds->pid, getpid());
    with.creds->pid = getpid();
  }
  return send_message(from, static_cast<int>(receiver.type), m.data, with, d.object);
}

Result<> finish_end(const UnixSocket& s, int fd, const files::Description& d) {
  // The kernel's mask: 1 no more reading, 2 no more writing. A closed peer has set both already, but for datagrams.
  const bool set = !s.peer_closed || s.datagram();
  if (set && (s.shutdown & 1) && shutdown(fd, SHUT_RD) != 0) return failed("shut down", d, errno);
  if (set && (s.shutdown & 2) && shutdown(fd, SHUT_WR) != 0) return failed("shut down", d, errno);
  TRY(set_options(fd, s.options, d.object));
  if (s.peek_off >= 0 && setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &s.peek_off, sizeof s.peek_off) != 0)
    return failed("set SO_PEEK_OFF of", d, errno);
  return {};
}

Result<UniqueFd> open_unix(TaskCtx& ctx, FileId id) {
  UnixModel& model = ctx.restore.models.edit<UnixModel>();
  UnixSocket& s = model.sockets.at(id);
  const files::Description& d = files::description(ctx.models(), id);
  if (s.inherited) {
    const int given = ctx.models().get<files::Model>().inherited.at(format("socket:[{}]", s.ino));
    UniqueFd fd(fcntl(given, F_DUPFD_CLOEXEC, ctx.restore.first_service_fd));
    if (!fd) return failed("take over", d, errno);
    return fd;
  }
  if (!is_connection(s)) return open_alone(ctx, s, d);
  if (s.again) return connect_again(s, d);
  UniqueFd fd;
  if (s.partner != 0) fd.reset(std::exchange(model.sockets.at(s.partner).other_end, -1));
  if (s.listener != 0) return fd ? std::move(fd) : TRY(open_connection(ctx, model, s, d));
  if (!fd) fd = TRY(open_pair(ctx, s, d));
  TRY(bind_name(fd.get(), s.name, d.object));
  return fd;
}

Result<> join_unix(TaskCtx& ctx) {
  const UnixModel& model = ctx.models().get<UnixModel>();
  if (model.pending.empty()) return {};
  const files::Model& files = ctx.models().get<files::Model>();
  const std::uint32_t own = files.table_of[ctx.task.index];
  // Connections that are accepted already stood before all that wait.
  await_turn(ctx, model.progress->joined, model.joins);
  for (std::uint32_t i = 0; i < model.pending.size(); ++i) {
    const UnixPending& p = model.pending[i];
    if (files::description(ctx.models(), p.client != 0 ? p.client : p.listener).home != own) continue;
    await_turn(ctx, model.progress->queued, i);
    TRY(queue_client(ctx, model, p));
    model.progress->queued = i + 1;
  }
  return {};
}

Result<> connect_unix(TaskCtx& ctx, FileId id, int fd) {
  UnixModel& model = ctx.restore.models.edit<UnixModel>();
  const UnixSocket& s = model.sockets.at(id);
  const files::Description& d = files::description(ctx.models(), id);
  if (s.external() || s.inherited) return {};
  if (s.again) return finish_end(s, fd, d);
  if (is_connection(s)) return fill_connection(ctx, model, id, fd);
  if (s.datagram()) {
    TRY(fill_datagrams(ctx, s, fd, d));
    ++model.progress->filled;
    return {};
  }
  if (s.listening() && s.backlog < s.pending.size()) TRY(start_listening(ctx, s, fd, s.backlog, d));
  return finish_end(s, fd, d);
}

}  // namespace cr::net
