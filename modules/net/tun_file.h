// Descriptors of /dev/net/tun: which network device each belongs to, and how packets look to its reader.
//
// Shown by ioctls of a copy of the descriptor (TUNGETIFF, TUNGETVNETHDRSZ ...) and by rtnetlink(7), which alone tells
// whether packets have a header (IFF_NO_PI): TUNGETIFF has another flag in that place. Put back by open and
// TUNSETIFF. The device itself is there, or is made with its namespace (netns). Refused: a device that goes with its
// descriptors (not persistent), packets that nobody has read, classic filters. Not to be seen: eBPF programs that
// choose queues or drop packets, the list of addresses of a tap (TUNSETTXFILTER).
#pragma once

#include <map>

#include "core/file_kind.h"
#include "core/ns_kind.h"

namespace cr::net {

struct TunFile {
  FileId path_id = 0;
  std::string path{};       ///< of the node
  std::string device{};     ///< empty: none yet
  std::uint32_t flags = 0;  ///< IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE
  bool detached = false;    ///< a queue that gets no packets (TUNSETQUEUE)
  int header_size = 0, send_buffer = 0, little_endian = 0;
  NsId net_ns = 0;
};

struct TunModel {
  std::map<FileId, TunFile> all{};
};

bool matches_tun(const FileProbe& probe);
Result<> collect_tun(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> write_tun(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_tun(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_tun_paths(ReadCtx& ctx);
/// Whether the devices of the dumper's own network are there.
Result<> plan_tun(PlanCtx& ctx);
Result<UniqueFd> open_tun(TaskCtx& ctx, FileId id);

inline constexpr FileKind kTunKind{
    .name = "tun",
    .type = 15,
    .matches = matches_tun,
    .collect = collect_tun,
    .write = write_tun,
    .read = read_tun,
    .read_images = read_tun_paths,
    .plan = plan_tun,
    .open = open_tun,
};

}  // namespace cr::net
