// unix_sk_entry of files.img; sk-queues.img.

#include "base/format.h"
#include "core/image_dir.h"
#include "core/sharing.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "net/sk_packet.pb.h"
#include "net/sk_unix.pb.h"
#include "net/unix_arrange.h"
#include "net/unix_socket.h"

namespace cr::net {
namespace {

constexpr std::uint32_t kScmRights = 1;  // SCM_RIGHTS

Error damaged_unix(FileId id, std::string what) {
  return Error{"net", "use", format("unix socket {} of the images", id), 0,
               std::move(what) + ": the image is damaged_unix"};
}

void put_ids(const ucred& ids, pb::cr_ucred_entry& e) {
  e.set_pid(static_cast<std::uint32_t>(ids.pid));
  e.set_uid(ids.uid);
  e.set_gid(ids.gid);
}

ucred get_ids(const pb::cr_ucred_entry& e) { return {static_cast<pid_t>(e.pid()), e.uid(), e.gid()}; }

void put_name(const UnixName& name, pb::unix_sk_entry& e) {
  e.set_name(name.bytes);
  if (!name.dir.empty()) e.set_name_dir(name.dir);
  if (name.deleted) e.set_deleted(true);
  if (!name.file.empty()) e.set_cr_file(name.file);
  if (name.mnt_id >= 0) e.set_mnt_id(name.mnt_id);
  if (!name.perms) return;
  e.mutable_file_perms()->set_mode(name.perms->mode);
  e.mutable_file_perms()->set_uid(name.perms->uid);
  e.mutable_file_perms()->set_gid(name.perms->gid);
}

UnixName get_name(const pb::unix_sk_entry& e) {
  UnixName name;
  name.bytes = e.name();
  name.dir = e.name_dir();
  name.deleted = e.deleted();
  name.file = e.cr_file();
  if (e.has_mnt_id()) name.mnt_id = e.mnt_id();
  if (e.has_file_perms())
    name.perms = UnixName::Perms{e.file_perms().mode(), e.file_perms().uid(), e.file_perms().gid()};
  return name;
}

/// A connection whose other end is gone, in images of CRIU: it has no field for it. A datagram socket with a name is
/// in that state already when somebody is connected to it.
bool looks_closed(const UnixSocket& s) {
  return s.state == kUnixConnected && s.peer == 0 && (!s.datagram() || s.name.bytes.empty());
}

void put_message(const UnixMessage& m, pb::sk_packet_entry& e) {
  e.set_length(static_cast<std::uint32_t>(m.data.size()));
  if (!m.rights.empty()) {
    pb::scm_entry& scm = *e.add_scm();
    scm.set_type(kScmRights);
    for (FileId id : m.rights) scm.add_rights(id);
  }
  if (m.creds) put_ids(*m.creds, *e.mutable_cr_creds());
  if (!m.from.empty()) e.set_cr_from(m.from);
}

Result<UnixMessage> get_message(ReadCtx& ctx, const pb::sk_packet_entry& e) {
  UnixMessage m;
  auto& descriptions = ctx.models.edit<files::Model>().descriptions;
  for (const pb::scm_entry& scm : e.scm()) {
    if (scm.type() != kScmRights) return damaged_unix(e.id_for(), format("control message of type {}", scm.type()));
    for (std::uint32_t id : scm.rights()) {
      const auto it = descriptions.find(id);
      if (it == descriptions.end()) return damaged_unix(e.id_for(), format("files.img has no file {} in flight", id));
      it->second.wanted = true;
      m.rights.push_back(id);
    }
  }
  if (e.has_cr_creds()) m.creds = get_ids(e.cr_creds());
  m.from = e.cr_from();
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
  e.set_uflags(s.uflags);
  e.set_backlog(s.backlog);
  e.set_peer(s.peer);
  files::put_owner(d.owner, *e.mutable_fown());
  put_options(s.options, *e.mutable_opts());
  put_name(s.name, e);
  if (s.shutdown != 0) e.set_shutdown(static_cast<pb::sk_shutdown>(s.shutdown));
  if (s.net_ns != 0) e.set_ns_id(s.net_ns);
  if (s.peer_cred) {
    put_ids(s.peer_cred->ids, *e.mutable_cr_peer_cred());
    for (std::uint32_t group : s.peer_cred->groups) e.add_cr_peer_groups(group);
  }
  if (s.peer_closed) e.set_cr_peer_closed(true);
  if (s.ended) e.set_cr_ended(true);
  if (!s.peer_name.empty()) e.set_cr_peer_name(s.peer_name);
  for (std::uint32_t ino : s.pending) e.add_cr_pending(ino);
  if (s.connector) {
    put_ids(s.connector->ids, *e.mutable_cr_connector());
    for (std::uint32_t group : s.connector->groups) e.add_cr_connector_groups(group);
  }
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
  s.uflags = e.uflags();
  s.peer = e.peer();
  s.backlog = e.backlog();
  s.shutdown = e.shutdown();
  s.options = read_options(e.opts());
  s.net_ns = e.has_ns_id() ? e.ns_id() : ctx.models.get<KobjModel>().root.net_ns;
  s.name = get_name(e);
  if (e.has_cr_peer_cred())
    s.peer_cred = UnixCreds{get_ids(e.cr_peer_cred()), {e.cr_peer_groups().begin(), e.cr_peer_groups().end()}};
  if (e.has_cr_connector())
    s.connector =
        UnixCreds{get_ids(e.cr_connector()), {e.cr_connector_groups().begin(), e.cr_connector_groups().end()}};
  s.peer_closed = e.cr_peer_closed() || looks_closed(s);
  s.ended = e.cr_ended();
  s.peer_name = e.cr_peer_name();
  s.pending.assign(e.cr_pending().begin(), e.cr_pending().end());
  s.reset = e.cr_reset();
  if (e.has_cr_peek_off()) s.peek_off = e.cr_peek_off();
  if (s.type != SOCK_STREAM && s.type != SOCK_DGRAM && s.type != SOCK_SEQPACKET)
    return damaged_unix(e.id(), format("socket type {}", s.type));
  UnixModel& model = ctx.models.edit<UnixModel>();
  if (!model.by_inode.emplace(s.ino, e.id()).second) return damaged_unix(e.id(), "its inode number is there twice");
  model.sockets[e.id()] = std::move(s);
  return {};
}

Result<> read_unix_images(ReadCtx& ctx) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  auto image = TRY(ctx.images.optional_image(core::ImageType::kSkQueues));
  pb::sk_packet_entry e;
  while (image && TRY(image->next(e))) {
    UnixMessage m = TRY(get_message(ctx, e));
    auto bytes = TRY(image->read_raw(e.length()));
    m.data.assign(bytes.begin(), bytes.end());
    const auto it = model.sockets.find(e.id_for());
    if (it == model.sockets.end())
      return damaged_unix(e.id_for(), "sk-queues.img has data for it, but there is no such socket");
    it->second.queue.push_back(std::move(m));
  }
  return arrange_unix(ctx);
}

}  // namespace cr::net
