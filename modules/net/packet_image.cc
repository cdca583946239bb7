#include "base/format.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "net/packet_socket.h"

namespace cr::net {

Result<> write_packet(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const files::Description& d = files::description(ctx.models, id);
  const PacketSocket& s = ctx.models.get<PacketModel>().sockets.at(id);
  pb::packet_sock_entry& e = *entry.mutable_psk();
  e.set_id(id);
  e.set_type(static_cast<std::uint32_t>(s.type));
  e.set_protocol(s.protocol);
  e.set_flags(d.flags);
  e.set_ifindex(s.interface);
  files::put_owner(d.owner, *e.mutable_fown());
  put_options(s.options, *e.mutable_opts());
  e.set_version(s.version);
  e.set_reserve(s.reserve);
  e.set_aux_data(s.auxdata);
  e.set_orig_dev(s.origdev);
  e.set_vnet_hdr(s.vnet_header);
  e.set_loss(s.loss);
  if (s.tx_has_offset) e.set_cr_tx_has_off(true);
  if (s.qdisc_bypass) e.set_cr_qdisc_bypass(true);
  if (s.ignore_outgoing) e.set_cr_ignore_outgoing(true);
  if (s.vnet_header_size != 0) e.set_cr_vnet_hdr_sz(s.vnet_header_size);
  e.set_timestamp(s.timestamp);
  e.set_copy_thresh(s.copy_threshold);
  for (const PacketMembership& m : s.memberships) {
    pb::packet_mclist& entry_of = *e.add_mclist();
    entry_of.set_index(m.interface);
    entry_of.set_type(m.type);
    entry_of.set_addr(m.address);
  }
  if (s.ring) {
    pb::packet_ring& ring = *e.mutable_rx_ring();
    ring.set_block_size(s.ring->block_size);
    ring.set_block_nr(s.ring->block_nr);
    ring.set_frame_size(s.ring->frame_size);
    ring.set_frame_nr(s.ring->frame_nr);
    ring.set_retire_tmo(s.ring->retire_tmo);
    ring.set_sizeof_priv(s.ring->sizeof_priv);
    ring.set_features(s.ring->features);
    e.set_cr_ring_content(s.ring->content);
    e.set_cr_ring_position(s.ring->position);
  }
  if (s.fanout) e.set_fanout(*s.fanout);
  if (s.net_ns != 0) e.set_ns_id(s.net_ns);
  return {};
}

Result<> read_packet(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::packet_sock_entry& e = entry.psk();
  TRY(files::add_description(ctx, e.id(), kPacketKind, e.flags(), 0, files::get_owner(e.fown())));
  if (e.has_tx_ring() || (e.has_rx_ring() && !e.has_cr_ring_content()))
    return Error{"net", "restore", format("packet socket {} of files.img", e.id()), 0,
                 "it has a ring of which the images do not tell the content and how far the kernel is"};
  PacketSocket s;
  s.type = static_cast<int>(e.type());
  s.protocol = e.protocol();
  s.interface = e.ifindex();
  s.version = e.version();
  s.reserve = e.reserve();
  s.auxdata = e.aux_data();
  s.origdev = e.orig_dev();
  s.vnet_header = e.vnet_hdr();
  s.loss = e.loss();
  s.tx_has_offset = e.cr_tx_has_off();
  s.qdisc_bypass = e.cr_qdisc_bypass();
  s.ignore_outgoing = e.cr_ignore_outgoing();
  s.vnet_header_size = e.cr_vnet_hdr_sz();
  s.timestamp = e.timestamp();
  s.copy_threshold = e.copy_thresh();
  for (const pb::packet_mclist& m : e.mclist()) s.memberships.push_back({m.index(), m.type(), m.addr()});
  if (e.fanout() != 0xffffffff) s.fanout = e.fanout();
  if (e.has_rx_ring())
    s.ring = PacketRing{.block_size = e.rx_ring().block_size(),
                        .block_nr = e.rx_ring().block_nr(),
                        .frame_size = e.rx_ring().frame_size(),
                        .frame_nr = e.rx_ring().frame_nr(),
                        .retire_tmo = e.rx_ring().retire_tmo(),
                        .sizeof_priv = e.rx_ring().sizeof_priv(),
                        .features = e.rx_ring().features(),
                        .content = e.cr_ring_content(),
                        .position = e.cr_ring_position()};
  s.net_ns = e.ns_id();
  s.options = read_options(e.opts());
  ctx.models.edit<PacketModel>().sockets[e.id()] = std::move(s);
  return {};
}

}  // namespace cr::net
