#include "net/tcp_segment.h"

#include <linux/tcp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/unique_fd.h"
#include "net/errors.h"

namespace cr::net {
namespace {

std::uint32_t pseudo_header(const InetAddress& from, const InetAddress& to, int protocol, std::size_t size) {
  const std::size_t length = from.family == AF_INET6 ? 16 : 4;
  std::uint32_t sum = add_to_checksum(0, from.words.data(), length);
  sum = add_to_checksum(sum, to.words.data(), length);
  const std::uint32_t tail[] = {htonl(static_cast<std::uint32_t>(size)), htonl(static_cast<std::uint32_t>(protocol))};
  return add_to_checksum(sum, tail, sizeof tail);
}

std::vector<std::uint8_t> network_header(const InetAddress& from, const InetAddress& to, int protocol,
                                         std::size_t size, const PacketMarks& marks) {
  if (from.family == AF_INET6) {
    ip6_hdr h{};
    h.ip6_flow = htonl(6u << 28 | static_cast<std::uint32_t>(marks.tos) << 20 | (marks.label & 0xfffff));
    h.ip6_plen = htons(static_cast<std::uint16_t>(size));
    h.ip6_nxt = static_cast<std::uint8_t>(protocol);
    h.ip6_hlim = marks.ttl;
    std::memcpy(&h.ip6_src, from.words.data(), 16);
    std::memcpy(&h.ip6_dst, to.words.data(), 16);
    const auto* p = reinterpret_cast<const std::uint8_t*>(&h);
    return {p, p + sizeof h};
  }
  iphdr h{};  // the kernel fills in length, id and checksum
  h.version = 4;
  h.ihl = 5;
  h.ttl = marks.ttl;
  h.tos = marks.tos;
  h.protocol = static_cast<std::uint8_t>(protocol);
  h.saddr = from.words[0];
  h.daddr = to.words[0];
  const auto* p = reinterpret_cast<const std::uint8_t*>(&h);
  return {p, p + sizeof h};
}

}  // namespace

std::uint32_t add_to_checksum(std::uint32_t sum, const void* bytes, std::size_t size) {
  const auto* p = static_cast<const std::uint8_t*>(bytes);
  std::uint64_t total = sum;
  for (std::size_t i = 0; i + 1 < size; i += 2) total += static_cast<std::uint32_t>(p[i] << 8 | p[i + 1]);
  if (size % 2 != 0) total += static_cast<std::uint32_t>(p[size - 1] << 8);
  while (total >> 32) total = (total & 0xffffffff) + (total >> 32);
  return static_cast<std::uint32_t>(total);
}

std::uint16_t end_of_checksum(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

Result<> deliver_packet(const InetAddress& from, const InetAddress& to, int protocol, std::uint8_t* payload,
                        std::size_t size, std::size_t checksum_at, const std::string& object,
                        const PacketMarks& marks) {
  std::memset(payload + checksum_at, 0, 2);
  const std::uint16_t checksum =
      end_of_checksum(add_to_checksum(pseudo_header(from, to, protocol, size), payload, size));
  std::memcpy(payload + checksum_at, &checksum, 2);
  std::vector<std::uint8_t> packet = network_header(from, to, protocol, size, marks);
  packet.insert(packet.end(), payload, payload + size);

  // IPPROTO_RAW means that we write the network header.
  UniqueFd raw(socket(from.family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!raw) return failed("open a raw socket for", object);
  const int buffer = 1 << 20;
  setsockopt(raw.get(), SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  if (setsockopt(raw.get(), SOL_SOCKET, SO_MARK, &kEngineMark, sizeof kEngineMark) != 0)
    return failed("mark the packets for", object);
  InetAddress target = to;
  target.port = 0;
  const SocketAddress address = to_kernel(target);
  if (sendto(raw.get(), packet.data(), packet.size(), 0, address.get(), address.size) < 0)
    return failed("deliver a packet to", object);
  return {};
}

Result<> deliver_segment(const TcpSegment& s, const std::string& object) {
  tcphdr h{};
  h.source = htons(s.from.port);
  h.dest = htons(s.to.port);
  h.seq = htonl(s.seq);
  h.ack_seq = htonl(s.ack);
  h.doff = sizeof h / 4;
  h.ack = 1;
  h.fin = s.fin;
  h.urg = s.urgent.has_value();
  h.urg_ptr = 0;  // to the first byte, with net.ipv4.tcp_stdurg and without
  h.window = htons(0xffff);
  std::uint8_t segment[sizeof h + 1];
  std::memcpy(segment, &h, sizeof h);
  segment[sizeof h] = s.urgent.value_or(0);
  return deliver_packet(s.from.plain(), s.to.plain(), IPPROTO_TCP, segment, sizeof h + (s.urgent ? 1 : 0),
                        offsetof(tcphdr, check), object);
}

}  // namespace cr::net
