// unix_sk_entry of files.img; sk-queues.img.
#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "net/sk_packet.pb.h"
#include "net/unix_socket.h"

namespace cr::net {
namespace {

constexpr std::uint32_t kScmRights = 1;  // SCM_RIGHTS

Error damaged(FileId id, std::string what) {
  return Error{"net", "use", format("unix socket {} of the images", id), 0,
               std::move(what) + ": the image is damaged"};
}

void put_message(const UnixMessage& m, pb::sk_packet_entry& e) {
  e.set_length(static_cast<std::uint32_t>(m.data.size()));
  if (!m.rights.empty()) {
    pb::scm_entry& scm = *e.add_scm();
    scm.set_type(kScmRights);
    for (FileId id : m.rights) scm.add_rights(id);
  }
  if (m.creds) {
    e.mutable_cr_creds()->set_pid(static_cast<std::uint32_t>(m.creds->pid));
    e.mutable_cr_creds()->set_uid(m.creds->uid);
    e.mutable_cr_creds()->set_gid(m.creds->gid);
  }
}

Result<UnixMessage> get_message(ReadCtx& ctx, const pb::sk_packet_entry& e) {
  UnixMessage m;
  auto& descriptions = ctx.models.edit<files::Model>().descriptions;
  for (const pb::scm_entry& scm : e.scm()) {
    if (scm.type() != kScmRights) return damaged(e.id_for(), format("control message of type {}", scm.type()));
    for (std::uint32_t id : scm.rights()) {
      const auto it = descriptions.find(id);
      if (it == descriptions.end()) return damaged(e.id_for(), format("files.img has no file {} in flight", id));
      it->second.wanted = true;
      m.rights.push_back(id);
    }
  }
  if (e.has_cr_creds())
    m.creds = ucred{static_cast<pid_t>(e.cr_creds().pid()), e.cr_creds().uid(), e.cr_creds().gid()};
  return m;
}

}  // namespace

Result<> write_unix(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const files::Description& d = files::description(ctx.models, id);
  const UnixSocket& s = ctx.models.get<UnixModel>().sockets.at(id);
  pb::unix_sk_entry& e = *entry.mutable_usk();
  e.set_id(id);
  e.set_ino(s.ino);
  e.set_type(s.type);
  e.set_state(s.state);
  e.set_flags(d.flags);
  e.set_uflags(0);
  e.set_backlog(s.backlog);
  e.set_peer(s.peer);
  files::put_owner(d.owner, *e.mutable_fown());
  put_options(s.options, *e.mutable_opts());
  e.set_name("");
  if (s.shutdown != 0) e.set_shutdown(static_cast<pb::sk_shutdown>(s.shutdown));
  if (s.net_ns != 0) e.set_ns_id(s.net_ns);
  if (s.peer_uid && *s.peer_uid != 0) e.set_cr_peer_uid(*s.peer_uid);
  if (s.peer_gid && *s.peer_gid != 0) e.set_cr_peer_gid(*s.peer_gid);
  if (s.reset) e.set_cr_reset(true);
  if (s.peek_off >= 0) e.set_cr_peek_off(s.peek_off);
  return {};
}

Result<> write_unix_images(DumpCtx& ctx) {
  const UnixModel& model = ctx.models.get<UnixModel>();
  bool any = false;
  for (const auto& [id, s] : model.sockets) any |= !s.queue.empty();
  if (!any) return {};
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kSkQueues));
  for (const auto& [id, s] : model.sockets)
    for (const UnixMessage& m : s.queue) {
      pb::sk_packet_entry e;
      e.set_id_for(id);
      put_message(m, e);
      TRY(image.write(e));
      TRY(image.write_raw(m.data));
    }
  return image.close();
}

Result<> read_unix(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::unix_sk_entry& e = entry.usk();
  TRY(files::add_description(ctx, e.id(), kUnixKind, e.flags(), 0, files::get_owner(e.fown())));
  UnixSocket s;
  s.ino = e.ino();
  s.type = e.type();
  s.state = e.state();
  s.peer = e.peer();
  s.shutdown = e.shutdown();
  s.options = read_options(e.opts());
  if (e.has_cr_peer_uid()) s.peer_uid = e.cr_peer_uid();
  if (e.has_cr_peer_gid()) s.peer_gid = e.cr_peer_gid();
  s.reset = e.cr_reset();
  if (e.has_cr_peek_off()) s.peek_off = e.cr_peek_off();
  if (s.type != SOCK_STREAM && s.type != SOCK_DGRAM && s.type != SOCK_SEQPACKET)
    return damaged(e.id(), format("socket type {}", s.type));
  if (!e.name().empty())
    return Error{"net", "restore", format("unix socket {}", e.id()), 0,
                 "unix sockets with a name are not carried yet"};
  UnixModel& model = ctx.models.edit<UnixModel>();
  if (!model.by_inode.emplace(s.ino, e.id()).second) return damaged(e.id(), "its inode number is there twice");
  model.sockets[e.id()] = std::move(s);
  return {};
}

Result<> read_unix_images(ReadCtx& ctx) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  for (auto& [id, s] : model.sockets)
    if (s.peer != 0 && !model.by_inode.contains(s.peer))
      return Error{"net", "restore", format("unix socket {}", id), 0,
                   format("its peer {} is not in the images; connecting to one outside is not carried yet", s.peer)};
  auto image = TRY(ctx.images.optional_image(core::ImageType::kSkQueues));
  pb::sk_packet_entry e;
  while (image && TRY(image->next(e))) {
    UnixMessage m = TRY(get_message(ctx, e));
    auto bytes = TRY(image->read_raw(e.length()));
    m.data.assign(bytes.begin(), bytes.end());
    const auto it = model.sockets.find(e.id_for());
    if (it == model.sockets.end())
      return damaged(e.id_for(), "sk-queues.img has data for it, but there is no such socket");
    it->second.queue.push_back(std::move(m));
  }
  return {};
}

}  // namespace cr::net
