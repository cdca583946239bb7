// Packet sockets (packet(7)): protocol, interface, memberships, options, rings.
//
// Shown by getsockname and getsockopt on a copy of the descriptor, and by sock_diag(7): rings, fanout, memberships.
// Put back by socket, setsockopt and bind; with a protocol only at the end, so that no packet comes in before its
// filter is there. Receive rings: packet_ring.h. Refused: packets that nobody has read, unless --allow-lossy
// packet-queue; rings for sending, whose position nobody tells; fanout groups with a program; pending errors. Not to
// be seen: the most members that a fanout group may have, and their order, which is that of their making afterwards.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/file_kind.h"
#include "net/packet_ring.h"
#include "net/sk_opts.h"

namespace cr::net {

struct PacketMembership {
  std::uint32_t interface = 0;
  std::uint32_t type = 0;  ///< PACKET_MR_*
  std::string address{};
};

struct PacketSocket {
  int type = 0;
  std::uint32_t protocol = 0;   ///< in network byte order
  std::uint32_t interface = 0;  ///< 0: all
  std::uint32_t version = 0, reserve = 0, timestamp = 0, copy_threshold = 0;
  bool auxdata = false, origdev = false, vnet_header = false, loss = false;
  bool tx_has_offset = false, qdisc_bypass = false, ignore_outgoing = false;
  std::uint32_t vnet_header_size = 0;  ///< PACKET_VNET_HDR_SZ when it is not that of PACKET_VNET_HDR
  std::vector<PacketMembership> memberships{};
  std::optional<std::uint32_t> fanout{};  ///< number of the group, its kind and flags from bit 16 on
  std::optional<PacketRing> ring{};       ///< for receiving
  std::uint32_t net_ns = 0;
  SocketOptions options{};
};

struct PacketModel {
  std::map<FileId, PacketSocket> sockets{};
};

bool matches_packet(const FileProbe& probe);
Result<> collect_packet(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_packet(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_packet(ReadCtx& ctx, const pb::file_entry& entry);
Result<> plan_packet(PlanCtx& ctx);
Result<UniqueFd> open_packet(TaskCtx& ctx, FileId id);

inline constexpr FileKind kPacketKind{
    .name = "packet socket",
    .type = 10,
    .matches = matches_packet,
    .collect = collect_packet,
    .write = write_packet,
    .read = read_packet,
    .plan = plan_packet,
    .open = open_packet,
};

}  // namespace cr::net
