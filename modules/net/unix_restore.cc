// Both ends of a pair are opened by one task, which fills both queues later.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "files/description.h"
#include "net/unix_queue.h"
#include "net/unix_socket.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

namespace cr::net {
namespace {

Error failed(const char* step, const files::Description& d, int err) { return Error{"net", step, d.object, err, {}}; }

UnixSocket* peer_of(UnixModel& model, const UnixSocket& s) {
  if (s.peer == 0) return nullptr;
  return &model.sockets.at(model.by_inode.at(s.peer));
}

/// socketpair(2) as the one who made it then: SO_PEERCRED shows the effective ids of the caller.
int make_pair_as(const UnixSocket& s, int fds[2]) {
  const uid_t uid = s.peer_uid.value_or(0);
  const gid_t gid = s.peer_gid.value_or(0);
  const uid_t own_uid = geteuid();
  const gid_t own_gid = getegid();
  // By system call, for this thread alone; real and saved ids stay, so the way back is open.
  if (gid != own_gid) syscall(SYS_setresgid, -1, gid, -1);
  if (uid != own_uid) syscall(SYS_setresuid, -1, uid, -1);
  const int result = socketpair(AF_UNIX, static_cast<int>(s.type) | SOCK_CLOEXEC, 0, fds);
  const int err = errno;
  if (uid != own_uid) syscall(SYS_setresuid, -1, own_uid, -1);
  if (gid != own_gid) syscall(SYS_setresgid, -1, own_gid, -1);
  errno = err;
  return result;
}

Result<> fill(TaskCtx& ctx, const UnixSocket& s, int from, const files::Description& d) {
  for (const UnixMessage& m : s.queue) {
    std::vector<UniqueFd> rights;
    std::vector<int> numbers;
    for (FileId id : m.rights) {
      rights.push_back(TRY(files::borrow(ctx, id)));
      numbers.push_back(rights.back().get());
    }
    std::optional<ucred> creds = m.creds;
    // Nobody can send in the name of a process that is gone.
    if (creds && (creds->pid <= 0 || kill(creds->pid, 0) != 0)) creds->pid = getpid();
    TRY(send_message(from, static_cast<int>(s.type), m.data, numbers, creds, d.object));
  }
  return {};
}

/// What close(2) of the peer does: end of file, and ECONNRESET when it had not read everything.
Result<> close_peer(UnixSocket& s, int fd, const files::Description& d) {
  UniqueFd other(std::exchange(s.other_end, -1));
  if (s.reset && send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
    return failed("make ECONNRESET pending in", d, errno);
  return {};
}

Result<> finish_end(const UnixSocket& s, int fd, const files::Description& d) {
  // The kernel's mask: 1 no more reading, 2 no more writing. A closed peer has set both already, but for datagrams.
  const bool set = s.peer != 0 || s.type == SOCK_DGRAM;
  if (set && (s.shutdown & 1) && shutdown(fd, SHUT_RD) != 0) return failed("shut down", d, errno);
  if (set && (s.shutdown & 2) && shutdown(fd, SHUT_WR) != 0) return failed("shut down", d, errno);
  TRY(set_options(fd, s.options, d.object));
  if (s.peek_off >= 0 && setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &s.peek_off, sizeof s.peek_off) != 0)
    return failed("set SO_PEEK_OFF of", d, errno);
  return {};
}

}  // namespace

std::uint64_t group_of_unix(const Models& models, FileId id) {
  const auto& sockets = models.get<UnixModel>().sockets;
  const auto it = sockets.find(id);
  if (it == sockets.end() || it->second.peer == 0) return 0;
  return std::uint64_t{1} << 63 | std::min(it->second.ino, it->second.peer);
}

Result<UniqueFd> open_unix(TaskCtx& ctx, FileId id) {
  UnixModel& model = ctx.restore.models.edit<UnixModel>();
  UnixSocket& s = model.sockets.at(id);
  const files::Description& d = files::description(ctx.models(), id);
  UnixSocket* peer = peer_of(model, s);
  if (peer != nullptr && peer->other_end >= 0) return UniqueFd(std::exchange(peer->other_end, -1));
  int fds[2];
  if (make_pair_as(s, fds) != 0) return failed("make", d, errno);
  UniqueFd own(fds[0]);
  s.other_end = TRY(files::to_service(ctx.restore, UniqueFd(fds[1]))).release();
  return own;
}

Result<> connect_unix(TaskCtx& ctx, FileId id, int fd) {
  UnixModel& model = ctx.restore.models.edit<UnixModel>();
  UnixSocket& s = model.sockets.at(id);
  const files::Description& d = files::description(ctx.models(), id);
  const int pass = s.options.passcred ? 1 : 0;
  // Credentials stay with a message only when the receiver wanted them when it was sent.
  if (pass != 0) setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &pass, sizeof pass);
  if (s.peer == 0) {
    widen_send_buffer(s.other_end);
    TRY(fill(ctx, s, s.other_end, d));
    TRY(close_peer(s, fd, d));
    return finish_end(s, fd, d);
  }
  const FileId other = model.by_inode.at(s.peer);
  const files::Description& e = files::description(ctx.models(), other);
  widen_send_buffer(e.number);
  TRY(fill(ctx, s, e.number, d));
  // The end that comes second finds its own queue filled last: from there on both can be closed down.
  if (id < other) return {};
  TRY(finish_end(model.sockets.at(other), e.number, e));
  return finish_end(s, fd, d);
}

}  // namespace cr::net
