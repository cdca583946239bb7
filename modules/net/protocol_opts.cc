#include "net/protocol_opts.h"

#include <linux/icmpv6.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/format.h"
#include "base/little_endian.h"

namespace cr::net {
namespace {

/// Which sockets have an option.
enum Has : unsigned {
  kNobody = 0,        // getsockopt(2) does not have it
  kIp = 1,            // IPv4, and IPv6 that may speak IPv4
  kIp6 = 2,           // IPv6
  kTcp = 4,           // TCP in any state
  kTcpClosed = 8,     // TCP before its handshake, or listening
  kUdp = 16,          // UDP and UDP-Lite
  kUdpLite = 32,      //
  kRaw4 = 64,         // raw IPv4
  kRaw6 = 128,        // raw IPv6
  kPacket = 256,      //
  kNetlink = 512,     //
  kDatagram4 = 1024,  // kIp but not TCP
  kDatagram6 = 2048,  // IPv6 but not TCP
};

constexpr auto kEarly = OptionPhase::kBeforeBind;
constexpr auto kLate = OptionPhase::kAtEnd;

struct Spec {
  int level, name;
  unsigned has;
  OptionPhase phase;
  const char* text;  // as in the manual page
};

// Numbers behind names that the 6.1 headers lack.
constexpr int kIpRecverrRfc4884 = 26, kIpLocalPortRange = 51, kIp6MulticastAll = 29, kIp6RecverrRfc4884 = 31;
constexpr int kIp6RouterAlertIsolate = 30, kSoPeekOff = 42, kSoTxrehash = 74;
constexpr int kTcpRtoMinUs = 45, kTcpRtoMaxMs = 44, kTcpDelackMaxUs = 46;
constexpr int kVnetHdrSizeOption = 24, kSolIcmp6 = 58, kSolUdpLite = 136, kSolPacket = 263, kSolNetlink = 270;
// <linux/icmp.h> does not go together with <net/if.h>.
constexpr int kSolRaw = 255, kIcmpFilter = 1, kUdpLiteSend = 10, kUdpLiteRecv = 11;

// clang-format off
constexpr Spec kTable[] = {
    {IPPROTO_IP, IP_TOS, kIp, kEarly, "IP_TOS"},
    {IPPROTO_IP, IP_TTL, kIp, kEarly, "IP_TTL"},
    {IPPROTO_IP, IP_OPTIONS, kIp, kEarly, "IP_OPTIONS"},
    {IPPROTO_IP, IP_RECVOPTS, kIp, kEarly, "IP_RECVOPTS"},
    {IPPROTO_IP, IP_RETOPTS, kIp, kEarly, "IP_RETOPTS"},
    {IPPROTO_IP, IP_PKTINFO, kIp, kEarly, "IP_PKTINFO"},
    {IPPROTO_IP, IP_MTU_DISCOVER, kIp, kEarly, "IP_MTU_DISCOVER"},
    {IPPROTO_IP, IP_RECVERR, kIp, kEarly, "IP_RECVERR"},
    {IPPROTO_IP, kIpRecverrRfc4884, kIp, kEarly, "IP_RECVERR_RFC4884"},
    {IPPROTO_IP, IP_RECVTTL, kIp, kEarly, "IP_RECVTTL"},
    {IPPROTO_IP, IP_RECVTOS, kIp, kEarly, "IP_RECVTOS"},
    {IPPROTO_IP, IP_FREEBIND, kIp, kEarly, "IP_FREEBIND"},
    {IPPROTO_IP, IP_PASSSEC, kIp, kEarly, "IP_PASSSEC"},
    {IPPROTO_IP, IP_TRANSPARENT, kIp, kEarly, "IP_TRANSPARENT"},
    {IPPROTO_IP, IP_ORIGDSTADDR, kIp, kEarly, "IP_ORIGDSTADDR"},
    {IPPROTO_IP, IP_MINTTL, kIp, kEarly, "IP_MINTTL"},
    {IPPROTO_IP, IP_CHECKSUM, kIp, kEarly, "IP_CHECKSUM"},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, kIp, kEarly, "IP_BIND_ADDRESS_NO_PORT"},
    {IPPROTO_IP, IP_RECVFRAGSIZE, kIp, kEarly, "IP_RECVFRAGSIZE"},
    {IPPROTO_IP, IP_MULTICAST_TTL, kDatagram4, kEarly, "IP_MULTICAST_TTL"},
    {IPPROTO_IP, IP_MULTICAST_LOOP, kIp, kEarly, "IP_MULTICAST_LOOP"},
    {IPPROTO_IP, IP_MULTICAST_ALL, kIp, kEarly, "IP_MULTICAST_ALL"},
    {IPPROTO_IP, IP_MULTICAST_IF, kDatagram4, kEarly, "IP_MULTICAST_IF"},
    {IPPROTO_IP, IP_UNICAST_IF, kIp, kEarly, "IP_UNICAST_IF"},
    {IPPROTO_IP, kIpLocalPortRange, kIp, kEarly, "IP_LOCAL_PORT_RANGE"},
    {IPPROTO_IP, IP_ROUTER_ALERT, kRaw4, kEarly, "IP_ROUTER_ALERT"},
    {IPPROTO_IP, IP_NODEFRAG, kRaw4, kEarly, "IP_NODEFRAG"},
    {IPPROTO_IP, IP_HDRINCL, kRaw4, kEarly, "IP_HDRINCL"},

    {IPPROTO_IPV6, IPV6_V6ONLY, kIp6, kEarly, "IPV6_V6ONLY"},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, kIp6, kEarly, "IPV6_UNICAST_HOPS"},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kDatagram6, kEarly, "IPV6_MULTICAST_HOPS"},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, kIp6, kEarly, "IPV6_MULTICAST_LOOP"},
    {IPPROTO_IPV6, kIp6MulticastAll, kIp6, kEarly, "IPV6_MULTICAST_ALL"},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, kDatagram6, kEarly, "IPV6_MULTICAST_IF"},
    {IPPROTO_IPV6, IPV6_UNICAST_IF, kIp6, kEarly, "IPV6_UNICAST_IF"},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, kIp6, kEarly, "IPV6_MTU_DISCOVER"},
    {IPPROTO_IPV6, IPV6_RECVERR, kIp6, kEarly, "IPV6_RECVERR"},
    {IPPROTO_IPV6, kIp6RecverrRfc4884, kIp6, kEarly, "IPV6_RECVERR_RFC4884"},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, kIp6, kEarly, "IPV6_RECVPKTINFO"},
    {IPPROTO_IPV6, IPV6_2292PKTINFO, kIp6, kEarly, "IPV6_2292PKTINFO"},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, kIp6, kEarly, "IPV6_RECVHOPLIMIT"},
    {IPPROTO_IPV6, IPV6_2292HOPLIMIT, kIp6, kEarly, "IPV6_2292HOPLIMIT"},
    {IPPROTO_IPV6, IPV6_RECVRTHDR, kIp6, kEarly, "IPV6_RECVRTHDR"},
    {IPPROTO_IPV6, IPV6_RECVHOPOPTS, kIp6, kEarly, "IPV6_RECVHOPOPTS"},
    {IPPROTO_IPV6, IPV6_RECVDSTOPTS, kIp6, kEarly, "IPV6_RECVDSTOPTS"},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, kIp6, kEarly, "IPV6_RECVTCLASS"},
    {IPPROTO_IPV6, IPV6_RECVPATHMTU, kIp6, kEarly, "IPV6_RECVPATHMTU"},
    {IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, kIp6, kEarly, "IPV6_RECVORIGDSTADDR"},
    {IPPROTO_IPV6, IPV6_RECVFRAGSIZE, kIp6, kEarly, "IPV6_RECVFRAGSIZE"},
    {IPPROTO_IPV6, IPV6_TCLASS, kIp6, kEarly, "IPV6_TCLASS"},
    {IPPROTO_IPV6, kIp6FlowInfo, kIp6, kEarly, "IPV6_FLOWINFO"},
    {IPPROTO_IPV6, kIp6FlowInfoSend, kIp6, kEarly, "IPV6_FLOWINFO_SEND"},
    {IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, kIp6, kEarly, "IPV6_AUTOFLOWLABEL"},
    {IPPROTO_IPV6, IPV6_DONTFRAG, kIp6, kEarly, "IPV6_DONTFRAG"},
    {IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, kIp6, kEarly, "IPV6_ADDR_PREFERENCES"},
    {IPPROTO_IPV6, IPV6_MINHOPCOUNT, kIp6, kEarly, "IPV6_MINHOPCOUNT"},
    {IPPROTO_IPV6, IPV6_TRANSPARENT, kIp6, kEarly, "IPV6_TRANSPARENT"},
    {IPPROTO_IPV6, IPV6_FREEBIND, kIp6, kEarly, "IPV6_FREEBIND"},
    {IPPROTO_IPV6, IPV6_2292HOPOPTS, kIp6, kEarly, "IPV6_2292HOPOPTS"},
    {IPPROTO_IPV6, IPV6_2292DSTOPTS, kIp6, kEarly, "IPV6_2292DSTOPTS"},
    {IPPROTO_IPV6, IPV6_2292RTHDR, kIp6, kEarly, "IPV6_2292RTHDR"},
    {IPPROTO_IPV6, IPV6_HOPOPTS, kIp6, kEarly, "IPV6_HOPOPTS"},
    {IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, kIp6, kEarly, "IPV6_RTHDRDSTOPTS"},
    {IPPROTO_IPV6, IPV6_RTHDR, kIp6, kEarly, "IPV6_RTHDR"},
    {IPPROTO_IPV6, IPV6_DSTOPTS, kIp6, kEarly, "IPV6_DSTOPTS"},
    {IPPROTO_IPV6, kIp6RouterAlertIsolate, kIp6, kEarly, "IPV6_ROUTER_ALERT_ISOLATE"},
    {IPPROTO_IPV6, IPV6_ROUTER_ALERT, kRaw6, kEarly, "IPV6_ROUTER_ALERT"},
    // By way of IPPROTO_IPV6 ICMPv6 sockets do not let it be set.
    {kSolRaw, IPV6_CHECKSUM, kRaw6, kEarly, "IPV6_CHECKSUM"},
    {IPPROTO_IPV6, IPV6_HDRINCL, kRaw6, kEarly, "IPV6_HDRINCL"},

    {IPPROTO_TCP, TCP_CONGESTION, kTcp, kEarly, "TCP_CONGESTION"},
    {IPPROTO_TCP, TCP_KEEPIDLE, kTcp, kEarly, "TCP_KEEPIDLE"},
    {IPPROTO_TCP, TCP_KEEPINTVL, kTcp, kEarly, "TCP_KEEPINTVL"},
    {IPPROTO_TCP, TCP_KEEPCNT, kTcp, kEarly, "TCP_KEEPCNT"},
    {IPPROTO_TCP, TCP_SYNCNT, kTcp, kEarly, "TCP_SYNCNT"},
    {IPPROTO_TCP, TCP_LINGER2, kTcp, kEarly, "TCP_LINGER2"},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, kTcp, kEarly, "TCP_DEFER_ACCEPT"},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, kTcp, kEarly, "TCP_USER_TIMEOUT"},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, kTcp, kEarly, "TCP_NOTSENT_LOWAT"},
    {IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, kTcp, kEarly, "TCP_THIN_LINEAR_TIMEOUTS"},
    {IPPROTO_TCP, TCP_SAVE_SYN, kTcp, kEarly, "TCP_SAVE_SYN"},
    {IPPROTO_TCP, TCP_INQ, kTcp, kEarly, "TCP_INQ"},
    {IPPROTO_TCP, TCP_TX_DELAY, kTcp, kEarly, "TCP_TX_DELAY"},
    {IPPROTO_TCP, kTcpRtoMaxMs, kTcp, kEarly, "TCP_RTO_MAX_MS"},
    {IPPROTO_TCP, kTcpRtoMinUs, kTcp, kEarly, "TCP_RTO_MIN_US"},
    {IPPROTO_TCP, kTcpDelackMaxUs, kTcp, kEarly, "TCP_DELACK_MAX_US"},
    {IPPROTO_TCP, TCP_MAXSEG, kTcpClosed, kEarly, "TCP_MAXSEG"},
    {IPPROTO_TCP, TCP_FASTOPEN, kTcpClosed, kEarly, "TCP_FASTOPEN"},
    {IPPROTO_TCP, TCP_FASTOPEN_KEY, kTcpClosed, kEarly, "TCP_FASTOPEN_KEY"},
    {IPPROTO_TCP, TCP_FASTOPEN_CONNECT, kTcpClosed, kEarly, "TCP_FASTOPEN_CONNECT"},
    {IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, kTcpClosed, kEarly, "TCP_FASTOPEN_NO_COOKIE"},
    {IPPROTO_TCP, TCP_MD5SIG_EXT, kNobody, kEarly, "TCP_MD5SIG_EXT"},  // see tcp_keys.h
    {SOL_SOCKET, kSoTxrehash, kTcp, kEarly, "SO_TXREHASH"},
    {SOL_SOCKET, kSoPeekOff, kTcp | kUdp, kLate, "SO_PEEK_OFF"},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, kTcp, kLate, "TCP_WINDOW_CLAMP"},
    {IPPROTO_TCP, TCP_NODELAY, kTcp, kLate, "TCP_NODELAY"},
    {IPPROTO_TCP, TCP_CORK, kTcp, kLate, "TCP_CORK"},
    {IPPROTO_TCP, TCP_QUICKACK, kTcp, kLate, "TCP_QUICKACK"},

    {IPPROTO_UDP, UDP_NO_CHECK6_TX, kUdp, kEarly, "UDP_NO_CHECK6_TX"},
    {IPPROTO_UDP, UDP_NO_CHECK6_RX, kUdp, kEarly, "UDP_NO_CHECK6_RX"},
    {IPPROTO_UDP, UDP_SEGMENT, kUdp, kEarly, "UDP_SEGMENT"},
    {IPPROTO_UDP, UDP_GRO, kUdp, kEarly, "UDP_GRO"},
    {IPPROTO_UDP, UDP_ENCAP, kUdp, kEarly, "UDP_ENCAP"},
    {IPPROTO_UDP, UDP_CORK, kUdp, kLate, "UDP_CORK"},
    {kSolUdpLite, kUdpLiteSend, kUdpLite, kEarly, "UDPLITE_SEND_CSCOV"},
    {kSolUdpLite, kUdpLiteRecv, kUdpLite, kEarly, "UDPLITE_RECV_CSCOV"},
    {kSolRaw, kIcmpFilter, kRaw4, kEarly, "ICMP_FILTER"},
    {kSolIcmp6, ICMPV6_FILTER, kRaw6, kEarly, "ICMPV6_FILTER"},

    {kSolPacket, PACKET_AUXDATA, kPacket, kEarly, "PACKET_AUXDATA"},
    {kSolPacket, PACKET_ORIGDEV, kPacket, kEarly, "PACKET_ORIGDEV"},
    {kSolPacket, PACKET_VERSION, kPacket, kEarly, "PACKET_VERSION"},
    {kSolPacket, PACKET_RESERVE, kPacket, kEarly, "PACKET_RESERVE"},
    {kSolPacket, PACKET_LOSS, kPacket, kEarly, "PACKET_LOSS"},
    {kSolPacket, PACKET_VNET_HDR, kPacket, kEarly, "PACKET_VNET_HDR"},
    {kSolPacket, kVnetHdrSizeOption, kPacket, kEarly, "PACKET_VNET_HDR_SZ"},
    {kSolPacket, PACKET_TIMESTAMP, kPacket, kEarly, "PACKET_TIMESTAMP"},
    {kSolPacket, PACKET_TX_HAS_OFF, kPacket, kEarly, "PACKET_TX_HAS_OFF"},
    {kSolPacket, PACKET_QDISC_BYPASS, kPacket, kEarly, "PACKET_QDISC_BYPASS"},
    {kSolPacket, PACKET_IGNORE_OUTGOING, kPacket, kEarly, "PACKET_IGNORE_OUTGOING"},

    {kSolNetlink, NETLINK_PKTINFO, kNetlink, kEarly, "NETLINK_PKTINFO"},
    {kSolNetlink, NETLINK_BROADCAST_ERROR, kNetlink, kEarly, "NETLINK_BROADCAST_ERROR"},
    {kSolNetlink, NETLINK_NO_ENOBUFS, kNetlink, kEarly, "NETLINK_NO_ENOBUFS"},
    {kSolNetlink, NETLINK_LISTEN_ALL_NSID, kNetlink, kEarly, "NETLINK_LISTEN_ALL_NSID"},
    {kSolNetlink, NETLINK_CAP_ACK, kNetlink, kEarly, "NETLINK_CAP_ACK"},
    {kSolNetlink, NETLINK_EXT_ACK, kNetlink, kEarly, "NETLINK_EXT_ACK"},
    {kSolNetlink, NETLINK_GET_STRICT_CHK, kNetlink, kEarly, "NETLINK_GET_STRICT_CHK"},
};
// clang-format on

unsigned classes_of(const SocketClass& s) {
  if (s.family == AF_PACKET) return kPacket;
  if (s.family == AF_NETLINK) return kNetlink;
  unsigned has = 0;
  const bool tcp = s.type == SOCK_STREAM;
  // ipv6_setsockopt() hands IPPROTO_IP on, but for raw sockets.
  if (s.family == AF_INET || s.type != SOCK_RAW) has |= kIp;
  if ((has & kIp) != 0 && !tcp) has |= kDatagram4;
  if (s.family == AF_INET6) has |= tcp ? kIp6 : kIp6 | kDatagram6;
  if (tcp) has |= kTcp;
  if (tcp && !s.connected_stream) has |= kTcpClosed;
  if (s.type == SOCK_DGRAM && s.protocol == IPPROTO_UDP) has |= kUdp;
  if (s.type == SOCK_DGRAM && s.protocol == IPPROTO_UDPLITE) has |= kUdp | kUdpLite;
  if (s.type == SOCK_RAW && s.family == AF_INET) has |= kRaw4;
  if (s.type == SOCK_RAW && s.family == AF_INET6) has |= kRaw6;
  return has;
}

/// This kernel, or this state of the socket, does not have the option.
bool absent(int err) {
  return err == ENOPROTOOPT || err == EOPNOTSUPP || err == ENOTCONN || err == EINVAL || err == EADDRNOTAVAIL;
}

/// False when the option is not there.
Result<bool> get_one(int fd, ProtocolOption& o, const std::string& what) {
  std::uint8_t value[2048] = {};  // an extension header of IPv6 may have as much
  socklen_t size = sizeof value;
  // Some options shrink to one byte when they are asked for with a size below four, none grows beyond its own.
  if (getsockopt(fd, o.level, o.name, value, &size) != 0) {
    if (absent(errno)) return false;
    return Error{"net", "read", what, errno, {}};
  }
  o.value.assign(value, value + size);
  return true;
}

/// Addresses, interfaces and parts of packets, some of which have the size of an int.
bool in_network_order(const ProtocolOption& o) {
  constexpr int kIp4[] = {IP_OPTIONS, IP_MULTICAST_IF, IP_UNICAST_IF};
  constexpr int kIp6[] = {IPV6_UNICAST_IF, IPV6_2292HOPOPTS, IPV6_2292DSTOPTS,  IPV6_2292RTHDR,
                          IPV6_HOPOPTS,    IPV6_RTHDR,       IPV6_RTHDRDSTOPTS, IPV6_DSTOPTS};
  const auto among = [&](std::span<const int> names) {
    return std::find(names.begin(), names.end(), o.name) != names.end();
  };
  return (o.level == IPPROTO_IP && among(kIp4)) || (o.level == IPPROTO_IPV6 && among(kIp6)) ||
         (o.level == IPPROTO_TCP && o.name == TCP_CONGESTION);
}

const Spec* find(int level, int name) {
  for (const Spec& s : kTable)
    if (s.level == level && s.name == name) return &s;
  return nullptr;
}

}  // namespace

Result<ProtocolOptions> get_protocol_options(int fd, const SocketClass& socket, const std::string& object) {
  ProtocolOptions out;
  const unsigned classes = classes_of(socket);
  for (const Spec& s : kTable) {
    if ((s.has & classes) == 0) continue;
    ProtocolOption o{s.level, s.name};
    if (TRY(get_one(fd, o, format("{} of {}", s.text, object)))) out.push_back(std::move(o));
  }
  return out;
}

Result<> set_protocol_options(int fd, const ProtocolOptions& wanted, OptionPhase phase, const std::string& object) {
  for (const ProtocolOption& o : wanted) {
    const Spec* s = find(o.level, o.name);
    if (s == nullptr)
      return Error{"net", "set", format("option {} of level {} of {}", o.name, o.level, object), 0,
                   "this engine does not know it: take a newer one"};
    if (s->phase != phase) continue;
    const std::string what = format("{} of {}", s->text, object);
    ProtocolOption now{o.level, o.name};
    TRY(get_one(fd, now, what));
    if (now.value == o.value) continue;
    if (setsockopt(fd, o.level, o.name, o.value.data(), static_cast<socklen_t>(o.value.size())) != 0)
      return Error{"net", "set", what, errno, {}};
  }
  return {};
}

ProtocolOption option_in_image(ProtocolOption o) {
  if (!kBigEndianHost || in_network_order(o)) return o;
  constexpr IntegerAt kInt[] = {{0, 4}};
  constexpr IntegerAt kTypes[] = {{0, 4}, {4, 4}, {8, 4}, {12, 4}, {16, 4}, {20, 4}, {24, 4}, {28, 4}};
  if (o.value.size() == 4) swap_integers(o.value, kInt);
  if (o.level == kSolIcmp6 && o.name == ICMPV6_FILTER) swap_integers(o.value, kTypes);
  return o;
}

int int_value(const ProtocolOptions& options, int level, int name, int missing) {
  for (const ProtocolOption& o : options)
    if (o.level == level && o.name == name) {
      int value = 0;
      std::memcpy(&value, o.value.data(), std::min(o.value.size(), sizeof value));
      return value;
    }
  return missing;
}

void add_int(ProtocolOptions& options, int level, int name, int value) {
  ProtocolOption o{level, name};
  o.value.resize(sizeof value);
  std::memcpy(o.value.data(), &value, sizeof value);
  options.push_back(std::move(o));
}

}  // namespace cr::net
