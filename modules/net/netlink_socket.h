// Netlink sockets (netlink(7)): protocol, port, groups, peer, options.
//
// Shown by getsockname, getpeername and getsockopt (NETLINK_LIST_MEMBERSHIPS) on a copy of the descriptor. Put back
// by socket, bind, connect and setsockopt. Refused: messages that nobody has read, which can't be put back, unless
// --allow-lossy netlink-queue; pending errors; protocols whose subsystem keeps state for the port (netfilter, audit,
// crypto, ...).
#pragma once

#include <map>
#include <vector>

#include "core/file_kind.h"
#include "net/sk_opts.h"

namespace cr::net {

struct NetlinkSocket {
  std::uint32_t ino = 0;
  int type = 0;
  int protocol = 0;
  std::uint32_t port = 0;  ///< 0: not bound
  std::uint32_t peer = 0, peer_groups = 0;
  std::vector<std::uint32_t> groups{};  ///< bit n of word m: group 32 m + n + 1
  std::uint32_t own_options = 0;        ///< bit n: NETLINK_ option n is on
  std::uint32_t net_ns = 0;
  SocketOptions options{};
};

struct NetlinkModel {
  std::map<FileId, NetlinkSocket> sockets{};
};

bool matches_netlink(const FileProbe& probe);
Result<> collect_netlink(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_netlink(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_netlink(ReadCtx& ctx, const pb::file_entry& entry);
Result<> plan_netlink(PlanCtx& ctx);
Result<UniqueFd> open_netlink(TaskCtx& ctx, FileId id);

inline constexpr FileKind kNetlinkKind{
    .name = "netlink socket",
    .type = 13,
    .matches = matches_netlink,
    .collect = collect_netlink,
    .write = write_netlink,
    .read = read_netlink,
    .plan = plan_netlink,
    .open = open_netlink,
};

}  // namespace cr::net
