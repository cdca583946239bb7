// The connections that wait to be accepted are made again.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "base/defer.h"
#include "base/format.h"
#include "core/stages.h"
#include "files/description.h"
#include "net/errors.h"
#include "net/tcp_birth.h"
#include "net/tcp_waiting.h"

namespace cr::net {
namespace {

/// Whose table the client is in or, when it is gone, the listener.
FileId keeper(const WaitingConnection& w, FileId listener) { return w.client != 0 ? w.client : listener; }

bool is_gone(const WaitingConnection& w) { return w.client == 0; }

/// connect(2) that does not wait for ever, whatever timeouts the socket has.
Result<> connect_soon(int fd, const InetAddress& where, const files::Description& d) {
  constexpr int kPatience_ms = 10000;
  const SocketAddress to = to_kernel(where);
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  int err = connect(fd, to.get(), to.size) == 0 ? 0 : errno;
  if (err == EINPROGRESS) {
    pollfd p{fd, POLLOUT, 0};
    err = poll(&p, 1, kPatience_ms) == 1 ? int_option(fd, SOL_SOCKET, SO_ERROR, 0) : ETIMEDOUT;
  }
  fcntl(fd, F_SETFL, flags);
  return err == 0 ? Result<>{} : failed(format("connect to {}", where.text()), d, err);
}

/// The next one may come only when this one is in.
Result<> await_queued(TaskCtx& ctx, int listener, std::uint32_t count, const files::Description& d) {
  constexpr int kTries = 20000;
  for (int i = 0; i < kTries; i++) {
    if (TRY(tcp_summary(listener, d.object)).pending >= count) return {};
    core::pause_for_others(*ctx.restore.shared);
  }
  return Error{"net", "fill the queue of", d.object, ETIMEDOUT, "does a packet filter drop what comes over lo?"};
}

/// What it had written and the kernel had not sent, its end, its options.
Result<> finish_client(int fd, const InetSocket& s, const files::Description& d) {
  const std::vector<std::uint8_t>& rest = s.stream->outq;
  if (!rest.empty() &&
      send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL) != static_cast<ssize_t>(rest.size()))
    return failed("queue what was never sent by", d, errno);
  if (fin_sent(s.state) && shutdown(fd, SHUT_WR) != 0) return failed("shut down", d, errno);
  if ((s.shutdown & 1) != 0 && shutdown(fd, SHUT_RD) != 0) return failed("shut down", d, errno);
  return finish_options(fd, s, d.object);
}

/// A client that will close at once.
Result<UniqueFd> make_gone(const WaitingConnection& w, const files::Description& d) {
  const InetAddress from = w.from.plain();
  UniqueFd fd(socket(from.family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return failed("make a client of", d, errno);
  TRY(bind_in_repair(fd.get(), from, d.object));
  TRY(connect_soon(fd.get(), w.to.plain(), d));
  return fd;
}

Result<> queue_again(TaskCtx& ctx, FileId listener_id, const WaitingConnection& w, std::uint32_t place) {
  const auto& sockets = ctx.models().get<InetModel>().sockets;
  const files::Description& d = files::description(ctx.models(), listener_id);
  const UniqueFd listener = TRY(files::borrow(ctx, listener_id));
  if (is_gone(w)) {
    // So that another dump can tell when it came; see tcp_birth.h.
    const bool alone = sockets.at(listener_id).waiting.size() == 1;
    const auto keep_apart = [alone] {
      if (!alone) usleep(kApart_ms * 1000);
    };
    keep_apart();
    const Defer after(keep_apart);
    const UniqueFd client = TRY(make_gone(w, d));
    return await_queued(ctx, listener.get(), place, d);
  }
  const files::Description& own = files::description(ctx.models(), w.client);
  InetSocket s = sockets.at(w.client);
  TRY(find_interface(s, own.object));
  TRY(connect_soon(own.number, s.peer, own));
  if (!w.deferred) TRY(await_queued(ctx, listener.get(), place, d));
  return finish_client(own.number, s, own);
}

}  // namespace

/// Whoever makes connections does so when all listeners are there.
bool late_inet(const Models& models, FileId id) {
  const auto& sockets = models.get<InetModel>().sockets;
  const auto it = sockets.find(id);
  if (it == sockets.end()) return false;
  const auto& waiting = it->second.waiting;
  return it->second.waits_at != 0 || (!waiting.empty() && std::all_of(waiting.begin(), waiting.end(), is_gone));
}

Result<> furnish_inet(RestoreCtx& ctx) {
  InetModel& model = ctx.models.edit<InetModel>();
  if (std::all_of(model.sockets.begin(), model.sockets.end(), [](const auto& s) { return s.second.waiting.empty(); }))
    return {};
  using Counter = std::atomic<std::uint32_t>;
  void* at = mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return Error{"net", "map memory for", "the order of connections", errno, "free memory"};
  model.queued = new (at) Counter{};
  return {};
}

/// All tasks go through all of them in the same order, and each makes those of its own descriptors.
Result<> join_inet(TaskCtx& ctx) {
  const InetModel& model = ctx.models().get<InetModel>();
  if (model.queued == nullptr) return {};
  const files::Model& files = ctx.models().get<files::Model>();
  const std::uint32_t own = files.table_of[ctx.task.index];
  std::uint32_t turn = 0;
  for (const auto& [id, listener] : model.sockets) {
    std::uint32_t place = 0;
    for (const WaitingConnection& w : listener.waiting) {
      place += w.deferred ? 0 : 1;
      if (files::description(ctx.models(), keeper(w, id)).home == own) {
        core::await_value(*ctx.restore.shared, *model.queued, turn);
        TRY(queue_again(ctx, id, w, place));
        *model.queued = turn + 1;
      }
      turn++;
    }
  }
  return {};
}

}  // namespace cr::net
