#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "net/netlink_socket.h"

namespace cr::net {

Result<> write_netlink(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const files::Description& d = files::description(ctx.models, id);
  const NetlinkSocket& s = ctx.models.get<NetlinkModel>().sockets.at(id);
  pb::netlink_sk_entry& e = *entry.mutable_nlsk();
  e.set_id(id);
  e.set_ino(s.ino);
  e.set_protocol(static_cast<std::uint32_t>(s.protocol));
  e.set_state(7);  // closed, as sock_diag(7) tells it of all of them
  e.set_flags(d.flags);
  e.set_portid(s.port);
  for (std::uint32_t word : s.groups) e.add_groups(word);
  e.set_dst_portid(s.peer);
  // The image has the number of the group.
  e.set_dst_group(s.peer_groups != 0 ? static_cast<std::uint32_t>(__builtin_ctz(s.peer_groups)) + 1 : 0);
  files::put_owner(d.owner, *e.mutable_fown());
  put_options(s.options, *e.mutable_opts());
  if (s.net_ns != 0) e.set_ns_id(s.net_ns);
  e.set_cr_type(static_cast<std::uint32_t>(s.type));
  if (s.own_options != 0) e.set_cr_options(s.own_options);
  return {};
}

Result<> read_netlink(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::netlink_sk_entry& e = entry.nlsk();
  TRY(files::add_description(ctx, e.id(), kNetlinkKind, e.flags(), 0, files::get_owner(e.fown())));
  NetlinkSocket s;
  s.ino = e.ino();
  s.type = static_cast<int>(e.cr_type());
  s.protocol = static_cast<int>(e.protocol());
  s.port = e.portid();
  s.groups.assign(e.groups().begin(), e.groups().end());
  s.peer = e.dst_portid();
  s.peer_groups = e.dst_group() != 0 && e.dst_group() <= 32 ? 1u << (e.dst_group() - 1) : 0;
  s.own_options = e.cr_options();
  s.net_ns = e.ns_id();
  s.options = read_options(e.opts());
  ctx.models.edit<NetlinkModel>().sockets[e.id()] = std::move(s);
  return {};
}

}  // namespace cr::net
