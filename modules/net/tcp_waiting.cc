#include "net/tcp_waiting.h"

#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "files/description.h"
#include "net/namespace.h"
#include "net/tcp_birth.h"
#include "net/tcp_diag.h"

namespace cr::net {
namespace {

/// What the kernel shows of one, and what we make of it.
struct Found {
  TcpDiag diag{};
  WaitingConnection connection{};
  std::optional<FirstSequence> sequence{};
};

bool has_address(const InetAddress& a) {
  UniqueFd fd(socket(a.family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  InetAddress at = a;
  at.port = 0;
  const SocketAddress address = to_kernel(at);
  return fd && bind(fd.get(), address.get(), address.size) == 0;
}

/// The connections of one listener.
class Queue {
 public:
  Queue(DumpCtx& ctx, FileId id, InetSocket& listener)
      : ctx_(ctx), id_(id), listener_(listener), object_(files::description(ctx.models, id).object) {}

  Result<> look() {
    const auto stay = TRY(visit(ctx_.tree, ctx_.models, listener_.net_ns));
    const files::Description& d = files::description(ctx_.models, id_);
    const UniqueFd fd = TRY(files::copy_fd(d.pid, d.fd));
    const std::uint32_t pending = TRY(tcp_summary(fd.get(), object_)).pending;
    const bool defers = int_value(listener_.protocol_options, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0) != 0;
    if ((pending == 0 && !defers) || listener_.protocol != IPPROTO_TCP) return {};
    TRY(list(defers));
    const auto queued = static_cast<std::size_t>(
        std::count_if(all_.begin(), all_.end(), [](const Found& f) { return !f.connection.deferred; }));
    if (all_.empty() && pending == 0) return {};
    TRY(check_alone());
    if (queued != pending)
      TRY(leave_out(
          format("{} connections wait in it, of which the kernel shows {}: the others were reset", pending, queued)));
    std::vector<Found> carried;
    for (Found& f : all_) {
      if (auto r = match(f); r.ok())
        carried.push_back(std::move(f));
      else
        TRY(leave_out(r.error().remedy));
    }
    return take(std::move(carried));
  }

 private:
  /// The error, or a line in the log when the caller wants them left out.
  Result<> leave_out(std::string why) const {
    if (!ctx_.opt.skip_in_flight)
      return Error{"net", "dump", object_, 0,
                   why + "; let the program accept it, or leave out what waits so with --skip-in-flight"};
    log::warn("{}: left out: {}", object_, why);
    return {};
  }

  Result<> list(bool defers) {
    auto shown = TRY(list_tcp(listener_.family, listener_.local.port,
                              {TcpState::kEstablished, TcpState::kCloseWait, TcpState::kSynReceived}));
    for (TcpDiag& d : shown) {
      const bool deferred = d.state == TcpState::kSynReceived;
      // A handshake that goes on is none yet.
      if (d.inode != 0 || (deferred && !defers)) continue;
      if (!listener_.local.any() && !same_end(d.local, listener_.local)) continue;
      Found f{std::move(d)};
      f.connection = {0, f.diag.peer, f.diag.local, deferred};
      all_.push_back(std::move(f));
    }
    return {};
  }

  /// Of several that could have got them, none can be told to be theirs.
  Result<> check_alone() const {
    std::size_t rivals = 0;
    for (const int family : {AF_INET, AF_INET6}) {
      const auto listening = TRY(list_tcp(family, listener_.local.port, {TcpState::kListen}));
      for (const TcpDiag& d : listening)
        rivals += d.local.any() || listener_.local.any() || same_end(d.local, listener_.local);
    }
    if (rivals <= 1) return {};
    return leave_out(
        "connections wait in it, and it shares its port with other listening sockets, among which the "
        "kernel would choose anew");
  }

  Result<> match(Found& f) {
    const TcpDiag& d = f.diag;
    const std::string who = d.peer.text();
    const bool ended = d.state == TcpState::kCloseWait;
    auto refuse = [&](std::string why) { return Error{"net", "dump", object_, 0, std::move(why)}; };
    if (d.unread > (ended ? 1u : 0u))
      return refuse(
          format("a connection of {} waits in it with {} bytes, which the kernel shows to nobody before "
                 "accept(2)",
                 who, d.unread - (ended ? 1 : 0)));
    for (auto& [id, s] : ctx_.models.edit<InetModel>().sockets) {
      if (!s.connection() || !s.stream || s.net_ns != listener_.net_ns) continue;
      if (!same_end(s.local, d.peer) || !same_end(s.peer, d.local)) continue;
      if (fin_received(s.state) || !s.stream->inq.empty()) return refuse(format("the end of {} was shut down", who));
      f.connection.client = id;
      f.sequence = FirstSequence{d.peer, d.local, s.stream->inq_seq - 1};
      return {};
    }
    return is_gone(f)
               ? Result<>{}
               : refuse(format("a connection of {}, which is not in the tree, waits in it to be accepted", who));
  }

  /// Nobody has the client any more, and it was one of this network namespace.
  static bool is_gone(const Found& f) {
    if (f.diag.state != TcpState::kCloseWait || !has_address(f.diag.peer.plain())) return false;
    const auto other = find_tcp(f.diag.peer, f.diag.local);
    if (!other.ok()) return false;
    return !other.value() || other.value()->state == TcpState::kListen || other.value()->inode == 0;
  }

  Result<> take(std::vector<Found> all) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < all.size(); i++) order.push_back(i);
    if (all.size() > 1) {
      if (auto known = TRY(find_order(all)))
        order = std::move(*known);
      else
        TRY(leave_out(
            format("which of the {} connections that wait in it came first is not to be seen", all.size())));
    }
    for (const std::size_t i : order) {
      const WaitingConnection& w = all[i].connection;
      if (w.client != 0) ctx_.models.edit<InetModel>().sockets.at(w.client).waits_at = id_;
      listener_.waiting.push_back(w);
    }
    return {};
  }

  static Result<std::optional<std::vector<std::size_t>>> find_order(const std::vector<Found>& all) {
    std::vector<Birth> births;
    std::vector<FirstSequence> sequences;
    for (const Found& f : all) {
      births.push_back({f.diag.idle_ms});
      if (f.sequence) sequences.push_back(*f.sequence);
    }
    const auto ages = TRY(sequence_ages(sequences));
    auto age = ages.begin();
    for (std::size_t i = 0; i < all.size(); i++)
      if (all[i].sequence) births[i].sequence_ns = *age++;
    return by_age(births);
  }

  DumpCtx& ctx_;
  FileId id_;
  InetSocket& listener_;
  const std::string& object_;
  std::vector<Found> all_{};
};

}  // namespace

Result<> settle_waiting(DumpCtx& ctx) {
  if (ctx.opt.tcp_close) return {};  // which leaves neither end of any connection
  for (auto& [id, s] : ctx.models.edit<InetModel>().sockets)
    if (s.listening()) TRY(Queue(ctx, id, s).look());
  return {};
}

}  // namespace cr::net
