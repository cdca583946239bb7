// inet_sk_entry of files.img; tcp-stream-X.img.
#include <linux/tcp.h>

#include "base/format.h"
#include "base/little_endian.h"
#include "core/image_dir.h"
#include "core/sharing.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "net/inet_socket.h"
#include "net/sk_inet.pb.h"
#include "net/tcp_stream.pb.h"

namespace cr::net {
namespace {

Error damaged(FileId id, std::string what) {
  return Error{"net", "use", format("socket {} of the images", id), 0, std::move(what) + ": the image is damaged"};
}

template <class Add>
void put_words(const InetAddress& a, int family, Add add) {
  const std::size_t n = family == AF_INET6 ? 4 : 1;
  for (std::size_t i = 0; i < n; i++) add(little_endian(a.words[i]));
}

template <class Words>
InetAddress get_address(const Words& words, std::uint32_t family, std::uint32_t port) {
  InetAddress a;
  a.family = static_cast<int>(family);
  a.port = static_cast<std::uint16_t>(port);
  for (int i = 0; i < words.size() && i < 4; i++) a.words[static_cast<std::size_t>(i)] = little_endian(words[i]);
  return a;
}

/// The options that the format has fields for; all of them stand in cr_options as well.
void put_known_options(const InetSocket& s, pb::inet_sk_entry& e) {
  const ProtocolOptions& o = s.protocol_options;
  if (s.family == AF_INET6) e.set_v6only(int_value(o, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0);
  pb::ip_opts_entry& ip = *e.mutable_ip_opts();
  if (int_value(o, IPPROTO_IP, IP_FREEBIND, 0) != 0) ip.set_freebind(true);
  if (int_value(o, IPPROTO_IP, IP_PKTINFO, 0) != 0) ip.set_pktinfo(true);
  if (const int tos = int_value(o, IPPROTO_IP, IP_TOS, 0); tos != 0) ip.set_tos(static_cast<std::uint32_t>(tos));
  if (const int ttl = int_value(o, IPPROTO_IP, IP_TTL, 64); ttl != 64) ip.set_ttl(static_cast<std::uint32_t>(ttl));
  if (!s.tcp()) return;
  pb::tcp_opts_entry& tcp = *e.mutable_tcp_opts();
  tcp.set_cork(int_value(o, IPPROTO_TCP, TCP_CORK, 0) != 0);
  tcp.set_nodelay(int_value(o, IPPROTO_TCP, TCP_NODELAY, 0) != 0);
  tcp.set_keepcnt(static_cast<std::uint32_t>(int_value(o, IPPROTO_TCP, TCP_KEEPCNT, 9)));
  tcp.set_keepidle(static_cast<std::uint32_t>(int_value(o, IPPROTO_TCP, TCP_KEEPIDLE, 7200)));
  tcp.set_keepintvl(static_cast<std::uint32_t>(int_value(o, IPPROTO_TCP, TCP_KEEPINTVL, 75)));
}

/// Of an image that another engine has written.
ProtocolOptions known_options(const pb::inet_sk_entry& e) {
  ProtocolOptions o;
  if (e.v6only()) add_int(o, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (e.ip_opts().freebind()) add_int(o, IPPROTO_IP, IP_FREEBIND, 1);
  if (e.ip_opts().pktinfo()) add_int(o, IPPROTO_IP, IP_PKTINFO, 1);
  if (e.ip_opts().has_tos()) add_int(o, IPPROTO_IP, IP_TOS, static_cast<int>(e.ip_opts().tos()));
  if (e.ip_opts().has_ttl()) add_int(o, IPPROTO_IP, IP_TTL, static_cast<int>(e.ip_opts().ttl()));
  const pb::tcp_opts_entry& tcp = e.tcp_opts();
  if (tcp.cork()) add_int(o, IPPROTO_TCP, TCP_CORK, 1);
  if (tcp.nodelay()) add_int(o, IPPROTO_TCP, TCP_NODELAY, 1);
  const pb::sk_opts_entry& sk = e.opts();
  const auto add_time = [&](int name, bool has, std::uint32_t own, bool has_old, std::uint32_t old) {
    if (has || has_old) add_int(o, IPPROTO_TCP, name, static_cast<int>(has ? own : old));
  };
  add_time(TCP_KEEPCNT, tcp.has_keepcnt(), tcp.keepcnt(), sk.has_tcp_keepcnt(), sk.tcp_keepcnt());
  add_time(TCP_KEEPIDLE, tcp.has_keepidle(), tcp.keepidle(), sk.has_tcp_keepidle(), sk.tcp_keepidle());
  add_time(TCP_KEEPINTVL, tcp.has_keepintvl(), tcp.keepintvl(), sk.has_tcp_keepintvl(), sk.tcp_keepintvl());
  return o;
}

ProtocolOptions get_options_of(const pb::inet_sk_entry& e) {
  if (e.cr_options_size() == 0) return known_options(e);
  ProtocolOptions out;
  for (const pb::cr_socket_option& o : e.cr_options())
    out.push_back(option_in_image(
        {static_cast<int>(o.level()), static_cast<int>(o.name()), {o.value().begin(), o.value().end()}}));
  return out;
}

void put_datagrams(const InetSocket& s, pb::inet_sk_entry& e) {
  for (const Datagram& d : s.queue) {
    pb::cr_datagram& to = *e.add_cr_queue();
    put_words(d.from, s.family, [&](std::uint32_t w) { to.add_address(w); });
    to.set_port(d.from.port);
    to.set_data(d.data.data(), d.data.size());
    if (d.to) put_words(*d.to, d.to->family, [&](std::uint32_t w) { to.add_to(w); });
    if (d.marks.ttl != PacketMarks{}.ttl) to.set_ttl(d.marks.ttl);
    if (d.marks.tos != 0) to.set_tos(d.marks.tos);
    if (d.marks.label != 0) to.set_label(d.marks.label);
  }
  for (const Membership& m : s.memberships) {
    pb::cr_membership& to = *e.add_cr_memberships();
    put_words(m.group, m.group.family, [&](std::uint32_t w) { to.add_group(w); });
    to.set_ifname(m.interface);
    to.set_include(m.include);
    for (const InetAddress& source : m.sources)
      put_words(source, m.group.family, [&](std::uint32_t w) { to.add_sources(w); });
  }
}

void get_datagrams(const pb::inet_sk_entry& e, InetSocket& s) {
  for (const pb::cr_datagram& from : e.cr_queue()) {
    Datagram d{get_address(from.address(), e.family(), from.port()), {from.data().begin(), from.data().end()}};
    if (from.to_size() > 0) d.to = get_address(from.to(), from.to_size() == 4 ? AF_INET6 : AF_INET, 0);
    if (from.has_ttl()) d.marks.ttl = static_cast<std::uint8_t>(from.ttl());
    d.marks.tos = static_cast<std::uint8_t>(from.tos());
    d.marks.label = from.label();
    s.queue.push_back(std::move(d));
  }
  for (const pb::cr_membership& from : e.cr_memberships()) {
    const std::uint32_t family = from.group_size() == 4 ? AF_INET6 : AF_INET;
    Membership m{get_address(from.group(), family, 0), from.ifname(), from.include()};
    const int words = family == AF_INET6 ? 4 : 1;
    for (int i = 0; i + words <= from.sources_size(); i += words) {
      InetAddress a{static_cast<int>(family)};
      for (int w = 0; w < words; w++) a.words[static_cast<std::size_t>(w)] = from.sources(i + w);
      m.sources.push_back(a);
    }
    s.memberships.push_back(std::move(m));
  }
}

void put_waiting(const InetSocket& s, pb::inet_sk_entry& e) {
  for (const WaitingConnection& w : s.waiting) {
    pb::cr_waiting_connection& to = *e.add_cr_waiting();
    to.set_client(w.client);
    put_words(w.from, s.family, [&](std::uint32_t word) { to.add_address(word); });
    to.set_port(w.from.port);
    put_words(w.to, s.family, [&](std::uint32_t word) { to.add_local(word); });
    if (w.deferred) to.set_deferred(true);
  }
}

void get_waiting(const pb::inet_sk_entry& e, InetSocket& s) {
  for (const pb::cr_waiting_connection& w : e.cr_waiting())
    s.waiting.push_back({w.client(), get_address(w.address(), e.family(), w.port()),
                         get_address(w.local(), e.family(), e.src_port()), w.deferred()});
}

/// Tells the clients where they wait. --tcp-close leaves neither end of any connection.
Result<> match_waiting(ReadCtx& ctx) {
  auto& sockets = ctx.models.edit<InetModel>().sockets;
  for (auto& [id, listener] : sockets) {
    if (ctx.opt.tcp_close) listener.waiting.clear();
    for (const WaitingConnection& w : listener.waiting) {
      if (w.client == 0) continue;
      const auto client = sockets.find(w.client);
      if (!listener.listening() || client == sockets.end() || !client->second.connection())
        return damaged(id, format("its client {} is no connection", w.client));
      client->second.waits_at = id;
    }
  }
  return {};
}

Result<> write_stream(DumpCtx& ctx, const InetSocket& s) {
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kTcpStream, s.ino));
  pb::tcp_stream_entry e;
  put_stream(*s.stream, e);
  e.set_cork(int_value(s.protocol_options, IPPROTO_TCP, TCP_CORK, 0) != 0);
  e.set_nodelay(int_value(s.protocol_options, IPPROTO_TCP, TCP_NODELAY, 0) != 0);
  TRY(image.write(e));
  TRY(image.write_raw(s.stream->inq));
  TRY(image.write_raw(s.stream->outq));
  return image.close();
}

Result<> read_stream_image(ReadCtx& ctx, FileId id, InetSocket& s) {
  core::ImageReader image = TRY(ctx.images.image(core::ImageType::kTcpStream, s.ino));
  pb::tcp_stream_entry e;
  if (!TRY(image.next(e))) return damaged(id, format("{} is empty", image.name()));
  TcpStream stream = TRY(get_stream(e, format("socket {} of the images", id)));
  const auto in = TRY(image.read_raw(e.inq_len()));
  stream.inq.assign(in.begin(), in.end());
  const auto out = TRY(image.read_raw(e.outq_len()));
  stream.outq.assign(out.begin(), out.end());
  if (e.cork()) add_int(s.protocol_options, IPPROTO_TCP, TCP_CORK, 1);
  if (e.nodelay()) add_int(s.protocol_options, IPPROTO_TCP, TCP_NODELAY, 1);
  s.stream = std::move(stream);
  return {};
}

}  // namespace

Result<> write_inet(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const files::Description& d = files::description(ctx.models, id);
  const InetSocket& s = ctx.models.get<InetModel>().sockets.at(id);
  pb::inet_sk_entry& e = *entry.mutable_isk();
  e.set_id(id);
  e.set_ino(s.ino);
  e.set_family(static_cast<std::uint32_t>(s.family));
  e.set_type(static_cast<std::uint32_t>(s.type));
  e.set_proto(static_cast<std::uint32_t>(s.protocol));
  e.set_state(static_cast<std::uint32_t>(s.state));
  e.set_src_port(s.local.port);
  e.set_dst_port(s.peer.port);
  put_words(s.local, s.family, [&](std::uint32_t w) { e.add_src_addr(w); });
  put_words(s.peer, s.family, [&](std::uint32_t w) { e.add_dst_addr(w); });
  e.set_flags(d.flags);
  e.set_backlog(s.backlog);
  files::put_owner(d.owner, *e.mutable_fown());
  put_options(s.options, *e.mutable_opts());
  put_known_options(s, e);
  if (!s.interface.empty()) e.set_ifname(s.interface);
  if (s.net_ns != 0) e.set_ns_id(s.net_ns);
  if (s.shutdown != 0) e.set_shutdown(static_cast<pb::sk_shutdown>(s.shutdown));
  for (const ProtocolOption& o : s.protocol_options) {
    pb::cr_socket_option& to = *e.add_cr_options();
    to.set_level(static_cast<std::uint32_t>(o.level));
    to.set_name(static_cast<std::uint32_t>(o.name));
    const ProtocolOption turned = option_in_image(o);
    to.set_value(turned.value.data(), turned.value.size());
  }
  put_datagrams(s, e);
  put_waiting(s, e);
  if (s.uid) e.set_cr_uid(*s.uid);
  if (s.gid) e.set_cr_gid(*s.gid);
  return {};
}

Result<> write_inet_images(DumpCtx& ctx) {
  for (const auto& [id, s] : ctx.models.get<InetModel>().sockets) {
    if (s.stream) TRY(write_stream(ctx, s));
    if (!s.waiting.empty()) ctx.images.require(core::kTcpWaiting);
  }
  return {};
}

Result<> read_inet(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::inet_sk_entry& e = entry.isk();
  TRY(files::add_description(ctx, e.id(), kInetKind, e.flags(), 0, files::get_owner(e.fown())));
  InetSocket s;
  s.ino = e.ino();
  s.family = static_cast<int>(e.family());
  s.type = static_cast<int>(e.type());
  s.protocol = static_cast<int>(e.proto());
  s.state = static_cast<TcpState>(e.state());
  s.local = get_address(e.src_addr(), e.family(), e.src_port());
  s.peer = get_address(e.dst_addr(), e.family(), e.dst_port());
  s.backlog = e.backlog();
  s.interface = e.ifname();
  s.net_ns = e.has_ns_id() ? e.ns_id() : ctx.models.get<KobjModel>().root.net_ns;
  s.shutdown = e.shutdown();
  s.options = read_options(e.opts());
  s.protocol_options = get_options_of(e);
  get_datagrams(e, s);
  get_waiting(e, s);
  if (e.has_cr_uid()) s.uid = e.cr_uid();
  if (e.has_cr_gid()) s.gid = e.cr_gid();
  if (s.family != AF_INET && s.family != AF_INET6) return damaged(e.id(), format("address family {}", s.family));
  if (s.state < TcpState::kEstablished || s.state > TcpState::kClosing)
    return damaged(e.id(), format("state {}", e.state()));
  if (ctx.opt.tcp_close) s.forget_connection();
  ctx.models.edit<InetModel>().sockets[e.id()] = std::move(s);
  return {};
}

Result<> read_inet_images(ReadCtx& ctx) {
  for (auto& [id, s] : ctx.models.edit<InetModel>().sockets)
    if (s.connection() || (s.spent() && s.local.port != 0)) TRY(read_stream_image(ctx, id, s));
  return match_waiting(ctx);
}

}  // namespace cr::net
