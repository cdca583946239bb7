#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/format.h"
#include "core/id_map.h"
#include "core/sharing.h"
#include "files/description.h"
#include "files/identity.h"
#include "mnt/mnt.h"
#include "net/namespace.h"
#include "net/unix_peers.h"
#include "net/unix_queue.h"
#include "net/unix_socket.h"

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif

namespace cr::net {
namespace {

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

std::optional<ucred> in_tree(const TaskTree& tree, const core::TreeIds& ids, std::optional<ucred> creds) {
  if (!creds) return creds;
  creds->uid = ids.uid(creds->uid);
  creds->gid = ids.gid(creds->gid);
  for (const Task& t : tree.tasks)
    if (t.host.value == creds->pid) {
      creds->pid = t.pid.value;
      return creds;
    }
  // Of another one the number that we see is that of our own pid namespace.
  if (tree.root().host.value != tree.root().pid.value) creds->pid = 0;
  return creds;
}

Result<> collect_queue(DumpCtx& ctx, FileId id) {
  const files::Description d = files::description(ctx.models, id);
  const UnixSocket& known = ctx.models.get<UnixModel>().sockets.at(id);
  if (known.listening() || known.external()) return {};
  const int type = static_cast<int>(known.type);
  UniqueFd fd = TRY(files::copy_fd(d.pid, d.fd));
  pollfd p{fd.get(), POLLPRI, 0};
  if (type == SOCK_STREAM && poll(&p, 1, 0) > 0 && (p.revents & POLLPRI) != 0)
    return Error{"net", "dump", d.object, 0, "urgent data of unix sockets is not carried: let it be read first"};
  std::vector<UnixMessage> queue;
  for (PeekedMessage& m : TRY(peek_queue(fd.get(), type, d.object))) {
    UnixMessage message;
    message.data = std::move(m.data);
    message.creds = in_tree(ctx.tree, ctx.models.get<core::TreeIds>(), m.creds);
    message.rights = TRY(collect_rights(ctx, std::move(m.rights)));
    if (type == SOCK_DGRAM) message.from = std::move(m.from);
    queue.push_back(std::move(message));
  }
  UnixSocket& s = ctx.models.edit<UnixModel>().sockets.at(id);
  s.queue = std::move(queue);
  if (s.peer_closed) {
    s.peer_name = peer_name(fd.get());
    p = {fd.get(), 0, 0};
    s.reset = poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
  }
  return {};
}

}  // namespace

/// It is bound again by the task that has it first, in that one's mount namespace.
static Result<> check_place_of_name(const DumpCtx& ctx, const UnixName& name, const FileProbe& probe) {
  const mnt::Model& mounts = ctx.models.get<mnt::Model>();
  const NsId of_file = name.mnt_id < 0 ? 0 : mnt::nested_with(mounts, static_cast<std::uint32_t>(name.mnt_id));
  NsId of_task = 0;
  for (const Task& t : ctx.tree.tasks)
    if (t.live == probe.pid && t.alive()) of_task = ctx.models.get<KobjModel>().of.at(t.pid).mnt_ns;
  const auto it = mounts.namespaces.find(of_task);
  if (it == mounts.namespaces.end() || !it->second.nested) of_task = 0;
  if (!name.is_path() || !name.deleted || of_file == of_task) return {};
  struct stat st;
  const UniqueFd file = TRY(file_of(probe.fd, probe.name()));
  if (fstat(file.get(), &st) == 0 && st.st_nlink == 0) return {};
  return Error{
      "net", "dump", probe.name(), 0,
      format("its file {} lies in another mount namespace than the first process that has it lives in", name.text())};
}

bool matches_unix(const FileProbe& p) {
  if (!S_ISSOCK(p.st.st_mode) || (p.flags & O_PATH)) return false;
  return int_option(p.fd, SOL_SOCKET, SO_DOMAIN, -1) == AF_UNIX;
}

Result<> collect_unix(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  UnixSocket s;
  s.ino = static_cast<std::uint32_t>(probe.st.st_ino);
  s.type = static_cast<std::uint32_t>(int_option(probe.fd, SOL_SOCKET, SO_TYPE, 0));
  s.peek_off = int_option(probe.fd, SOL_SOCKET, SO_PEEK_OFF, -1);
  s.name = TRY(look_at_name(probe.fd, probe.pid, ctx.models.get<core::TreeIds>(), probe.name()));
  TRY(check_place_of_name(ctx, s.name, probe));
  s.peer_cred = peer_creds(probe.fd, ctx.tree, ctx.models.get<core::TreeIds>());
  s.options = TRY(options_in_tree(ctx, probe));
  s.net_ns = TRY(namespace_of(ctx, probe));
  UnixModel& model = ctx.models.edit<UnixModel>();
  model.by_inode[s.ino] = id;
  model.sockets[id] = std::move(s);
  return {};
}

Result<> settle_unix(DumpCtx& ctx) {
  std::set<FileId> done;
  for (;;) {
    // Descriptors in flight may be sockets, with further descriptors in flight.
    std::map<NsId, std::set<std::uint32_t>> inodes;
    std::vector<FileId> fresh;
    for (const auto& [id, s] : ctx.models.get<UnixModel>().sockets)
      if (done.insert(id).second) {
        inodes[s.net_ns].insert(s.ino);
        fresh.push_back(id);
      }
    if (fresh.empty()) break;
    for (const auto& [ns, of_ns] : inodes) TRY(find_peers(ctx, ns, of_ns));
    for (FileId id : fresh) TRY(collect_queue(ctx, id));
  }
  TRY(settle_outside(ctx));
  TRY(refuse_unsendable(ctx));
  return refuse_hidden(ctx);
}

}  // namespace cr::net
