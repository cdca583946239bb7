#include "net/packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "core/sharing.h"
#include "files/description.h"
#include "net/diag_attributes.h"
#include "net/errors.h"
#include "net/namespace.h"

namespace cr::net {
namespace {

constexpr int kPacketVnetHdrSize = 24;  // PACKET_VNET_HDR_SZ, Linux 6.4
constexpr int kVnetHdrSize = 10;        // struct virtio_net_hdr: what PACKET_VNET_HDR asks for
constexpr char kLossyPackets[] = "packet-queue";

/// What sock_diag(7) tells beyond the options.
struct Diag {
  bool found = false, sends_by_ring = false, has_fanout = false;
  std::optional<PacketRing> ring{};
  std::uint32_t copy_threshold = 0;
  std::vector<PacketMembership> memberships{};
};

void parse_memberships(const char* at, std::size_t size, Diag& d) {
  for (; size >= sizeof(packet_diag_mclist); at += sizeof(packet_diag_mclist), size -= sizeof(packet_diag_mclist)) {
    packet_diag_mclist m;
    std::memcpy(&m, at, sizeof m);
    for (std::uint32_t i = 0; i < m.pdmc_count; ++i)
      d.memberships.push_back({m.pdmc_index, m.pdmc_type,
                               std::string(reinterpret_cast<const char*>(m.pdmc_addr),
                                           std::min<std::size_t>(m.pdmc_alen, sizeof m.pdmc_addr))});
  }
}

PacketRing parse_ring(const char* payload) {
  packet_diag_ring r;
  std::memcpy(&r, payload, sizeof r);
  return {.block_size = r.pdr_block_size,
          .block_nr = r.pdr_block_nr,
          .frame_size = r.pdr_frame_size,
          .frame_nr = r.pdr_frame_nr,
          .retire_tmo = r.pdr_retire_tmo,
          .sizeof_priv = r.pdr_sizeof_priv,
          .features = r.pdr_features};
}

void parse_packet_diag(const nlmsghdr* message, std::uint32_t ino, Diag& d) {
  const auto* m = static_cast<const packet_diag_msg*>(NLMSG_DATA(message));
  if (m->pdiag_ino != ino) return;
  d.found = true;
  for_each_attribute(message, sizeof *m, [&](int type, const char* payload, std::size_t size) {
    if (type == PACKET_DIAG_MCLIST) parse_memberships(payload, size, d);
    if (type == PACKET_DIAG_TX_RING) d.sends_by_ring = true;
    if (type == PACKET_DIAG_RX_RING && size >= sizeof(packet_diag_ring)) d.ring = parse_ring(payload);
    if (type == PACKET_DIAG_FANOUT) d.has_fanout = true;
    if (type == PACKET_DIAG_INFO && size >= sizeof(packet_diag_info)) {
      packet_diag_info info;
      std::memcpy(&info, payload, sizeof info);
      d.copy_threshold = info.pdi_copy_thresh;
    }
  });
}

/// The kernel lists all of them; there are few.
Result<Diag> ask(std::uint32_t ino, const std::string& object) {
  UniqueFd sock(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr header;
    packet_diag_req request;
  } m{};
  m.header.nlmsg_len = sizeof m;
  m.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  m.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  m.request.sdiag_family = AF_PACKET;
  m.request.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT;
  if (!sock || send(sock.get(), &m, sizeof m, 0) < 0) return failed("ask the kernel about", object);
  Diag d;
  std::vector<char> buffer(64 * 1024);
  for (;;) {
    const ssize_t n = recv(sock.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return failed("ask the kernel about", object);
    auto left = static_cast<std::size_t>(n);
    for (auto* h = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == NLMSG_DONE) return d;
      if (h->nlmsg_type == NLMSG_ERROR)
        return failed("ask the kernel about", object, -static_cast<const nlmsgerr*>(NLMSG_DATA(h))->error,
                      "it needs CONFIG_PACKET_DIAG (module af_packet_diag)");
      parse_packet_diag(h, ino, d);
    }
  }
}

Result<> check_state(DumpCtx& ctx, const FileProbe& probe, const Diag& d) {
  if (!d.found)
    return failed("dump", probe.name(), 0,
                  "the kernel does not show it: it needs CONFIG_PACKET_DIAG (module af_packet_diag)");
  if (d.sends_by_ring)
    return failed("dump", probe.name(), 0,
                  "it is a packet socket with a ring for sending, whose position the kernel does not tell; close it "
                  "before the dump");
  const int kind = int_option(probe.fd, SOL_PACKET, PACKET_FANOUT, 0) >> 16 & 0xff;
  if (d.has_fanout && (kind == PACKET_FANOUT_CBPF || kind == PACKET_FANOUT_EBPF))
    return failed("dump", probe.name(), 0,
                  "it is a packet socket of a fanout group with a program, which the kernel does not show");
  pollfd p{probe.fd, POLLIN, 0};
  if (poll(&p, 1, 0) <= 0) return {};
  if (p.revents & POLLERR) return failed("dump", probe.name(), 0, "an error waits to be read from it");
  // A ring with something in it shows as well.
  int first = 0;
  if (!(p.revents & POLLIN) || (d.ring && (ioctl(probe.fd, FIONREAD, &first) != 0 || first == 0))) return {};
  if (!ctx.opt.allows_lossy(kLossyPackets))
    return failed("dump", probe.name(), 0,
                  format("it is a packet socket with packets that nobody has read, which can't be put back; "
                         "--allow-lossy {} drops them",
                         kLossyPackets));
  ctx.losses.push_back(format("{}: unread packets", probe.name()));
  return {};
}

/// On restore packets of our own go into it.
Result<> collect_ring(const FileProbe& probe, const Diag& diag, PacketSocket& s) {
  s.ring = diag.ring;
  if (!s.ring) return {};
  TRY(read_ring(probe.fd, s.version, *s.ring, probe.name()));
  ifreq lo{};
  std::strcpy(lo.ifr_name, "lo");
  const bool up = ioctl(probe.fd, SIOCGIFFLAGS, &lo) == 0 && (lo.ifr_flags & IFF_UP) != 0;
  if (s.ring->position == 0 || (up && s.protocol != 0)) return {};
  return failed("dump", probe.name(), 0,
                up ? "it has a ring with packets and no protocol any more, to which it could not go back"
                   : "its ring can't be brought to its position on restore while the loopback interface is down; set "
                     "that up");
}

Result<> set(int fd, int option, std::uint32_t value, const std::string& object) {
  const int v = static_cast<int>(value);
  if (value != 0 && setsockopt(fd, SOL_PACKET, option, &v, sizeof v) != 0)
    return failed(format("set packet option {} of", option), object);
  return {};
}

Result<> join(int fd, const PacketMembership& m, const std::string& object) {
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(m.interface);
  request.mr_type = static_cast<unsigned short>(m.type);
  request.mr_alen = static_cast<unsigned short>(std::min(m.address.size(), sizeof request.mr_address));
  std::memcpy(request.mr_address, m.address.data(), request.mr_alen);
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) != 0)
    return failed(format("restore the membership at interface {} of", m.interface), object);
  return {};
}

bool is_sound(const PacketRing& r, std::uint32_t version) {
  return r.block_size != 0 && r.frame_size != 0 && r.frame_size <= r.block_size && r.content.size() == r.size() &&
         std::uint64_t{r.block_size / r.frame_size} * r.block_nr >= r.frame_nr && r.position < r.places(version) &&
         (version != TPACKET_V3 || r.block_size >= sizeof(tpacket_block_desc));
}

}  // namespace

bool matches_packet(const FileProbe& p) {
  return S_ISSOCK(p.st.st_mode) && !(p.flags & O_PATH) && int_option(p.fd, SOL_SOCKET, SO_DOMAIN) == AF_PACKET;
}

Result<> collect_packet(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  PacketSocket s;
  s.net_ns = TRY(namespace_of(ctx, probe));
  const auto stay = TRY(visit(ctx.tree, ctx.models, s.net_ns));
  const Diag diag = TRY(ask(static_cast<std::uint32_t>(probe.st.st_ino), probe.name()));
  TRY(check_state(ctx, probe, diag));
  s.type = int_option(probe.fd, SOL_SOCKET, SO_TYPE);
  sockaddr_ll at{};
  socklen_t size = sizeof at;
  if (getsockname(probe.fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return failed("read the address of", probe.name());
  s.protocol = at.sll_protocol;
  s.interface = static_cast<std::uint32_t>(at.sll_ifindex);
  auto option = [&](int n) { return static_cast<std::uint32_t>(int_option(probe.fd, SOL_PACKET, n)); };
  s.version = option(PACKET_VERSION);
  s.reserve = option(PACKET_RESERVE);
  s.timestamp = option(PACKET_TIMESTAMP);
  s.auxdata = option(PACKET_AUXDATA) != 0;
  s.origdev = option(PACKET_ORIGDEV) != 0;
  s.vnet_header = option(PACKET_VNET_HDR) != 0;
  s.loss = option(PACKET_LOSS) != 0;
  s.tx_has_offset = int_option(probe.fd, SOL_PACKET, PACKET_TX_HAS_OFF, 0) != 0;
  s.qdisc_bypass = int_option(probe.fd, SOL_PACKET, PACKET_QDISC_BYPASS, 0) != 0;
  s.ignore_outgoing = int_option(probe.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 0) != 0;
  const int header = int_option(probe.fd, SOL_PACKET, kPacketVnetHdrSize, 0);
  s.vnet_header_size = header == kVnetHdrSize ? 0 : static_cast<std::uint32_t>(header);
  s.copy_threshold = diag.copy_threshold;
  if (diag.has_fanout) s.fanout = option(PACKET_FANOUT);  // sock_diag leaves its flags out
  s.memberships = diag.memberships;
  TRY(collect_ring(probe, diag, s));
  s.options = TRY(options_in_tree(ctx, probe));
  ctx.models.edit<PacketModel>().sockets[id] = std::move(s);
  return {};
}

Result<> plan_packet(PlanCtx& ctx) {
  const std::uint32_t own = ctx.models.get<KobjModel>().root.net_ns;
  for (const auto& [id, s] : ctx.models.get<PacketModel>().sockets) {
    char name[IF_NAMESIZE];
    if (s.net_ns == own && s.interface != 0 && if_indextoname(s.interface, name) == nullptr)
      return failed("restore", files::description(ctx.models, id).object, ENODEV,
                    format("it was bound to network interface {}", s.interface));
    if (s.ring && !is_sound(*s.ring, s.version))
      return failed("use", files::description(ctx.models, id).object, 0, "the image is damaged");
  }
  return {};
}

Result<UniqueFd> open_packet(TaskCtx& ctx, FileId id) {
  const files::Description& d = files::description(ctx.models(), id);
  const PacketSocket& s = ctx.models().get<PacketModel>().sockets.at(id);
  UniqueFd fd(socket(AF_PACKET, s.type | SOCK_CLOEXEC, 0));
  if (!fd) return failed("make", d.object);
  const struct {
    int option;
    std::uint32_t value;
  } kOptions[] = {{PACKET_VERSION, s.version},
                  {PACKET_RESERVE, s.reserve},
                  {PACKET_TIMESTAMP, s.timestamp},
                  {PACKET_COPY_THRESH, s.copy_threshold},
                  {PACKET_AUXDATA, s.auxdata},
                  {PACKET_ORIGDEV, s.origdev},
                  {PACKET_VNET_HDR, s.vnet_header},
                  {PACKET_LOSS, s.loss},
                  {PACKET_TX_HAS_OFF, s.tx_has_offset},
                  {PACKET_QDISC_BYPASS, s.qdisc_bypass},
                  {PACKET_IGNORE_OUTGOING, s.ignore_outgoing},
                  {kPacketVnetHdrSize, s.vnet_header_size}};
  for (const auto& o : kOptions) TRY(set(fd.get(), o.option, o.value, d.object));
  if (s.ring) TRY(make_ring(fd.get(), s.version, *s.ring, d.object));
  for (const PacketMembership& m : s.memberships) TRY(join(fd.get(), m, d.object));
  TRY(set_options(fd.get(), s.options, d.object));
  if (s.protocol != 0 || s.interface != 0) {
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_protocol = static_cast<unsigned short>(s.protocol);
    at.sll_ifindex = static_cast<int>(s.interface);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
      return failed(format("bind to interface {}", s.interface), d.object);
  }
  if (s.fanout && setsockopt(fd.get(), SOL_PACKET, PACKET_FANOUT, &*s.fanout, sizeof *s.fanout) != 0)
    return failed(format("join fanout group {}", *s.fanout & 0xffff), d.object);
  return fd;
}

}  // namespace cr::net
