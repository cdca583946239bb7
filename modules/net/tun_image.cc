#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "net/tun_file.h"

namespace cr::net {

Result<> write_tun(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const files::Description& d = files::description(ctx.models, id);
  const TunFile& t = ctx.models.get<TunModel>().all.at(id);
  pb::tunfile_entry& e = *entry.mutable_tunf();
  e.set_id(id);
  if (!t.device.empty()) e.set_netdev(t.device);
  if (t.detached) e.set_detached(true);
  if (t.net_ns != 0) e.set_ns_id(t.net_ns);
  e.set_cr_flags(d.flags);
  files::put_owner(d.owner, *e.mutable_cr_fown());
  e.set_cr_path_id(t.path_id);
  e.set_cr_if_flags(t.flags);
  e.set_cr_header_size(t.header_size);
  e.set_cr_send_buffer(t.send_buffer);
  e.set_cr_little_endian(t.little_endian);
  return {};
}

Result<> read_tun(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::tunfile_entry& e = entry.tunf();
  if (!e.has_cr_path_id())
    return files::fail("restore", "a descriptor of /dev/net/tun", 0, "the images do not say how it was opened");
  TRY(files::add_description(ctx, e.id(), kTunKind, e.cr_flags(), 0, files::get_owner(e.cr_fown())));
  TunFile t;
  t.path_id = e.cr_path_id();
  t.device = e.netdev();
  t.flags = e.cr_if_flags();
  t.detached = e.detached();
  t.header_size = e.cr_header_size();
  t.send_buffer = e.cr_send_buffer();
  t.little_endian = e.cr_little_endian();
  t.net_ns = e.ns_id();
  ctx.models.edit<TunModel>().all[e.id()] = std::move(t);
  return {};
}

Result<> read_tun_paths(ReadCtx& ctx) {
  for (auto& [id, t] : ctx.models.edit<TunModel>().all) t.path = TRY(files::take_path(ctx, t.path_id));
  return {};
}

}  // namespace cr::net
