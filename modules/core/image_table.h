// The table of image files: name, magic and framing of each kind, from facts/image-files.tsv and image-format.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cr::core {

/// Every kind of image file of format 1.1, in the order of kImages. kPages is the raw file of page bytes; kPagesOld,
/// kShmPagesOld and the per-kind files of descriptors are legacy input that nobody writes any more.
enum class ImageType : std::uint8_t {
  kInventory,
  kFdinfo,
  kPagemap,
  kShmemPagemap,
  kRegFiles,
  kExtFiles,
  kNsFiles,
  kEventfdFile,
  kEventpollFile,
  kEventpollTfd,
  kSignalfd,
  kInotifyFile,
  kInotifyWd,
  kFanotifyFile,
  kFanotifyMark,
  kCore,
  kIds,
  kMm,
  kVmas,
  kPipes,
  kPipesData,
  kFifo,
  kFifoData,
  kPstree,
  kSigact,
  kUnixsk,
  kInetsk,
  kPacketsk,
  kNetlinkSk,
  kSkQueues,
  kItimers,
  kPosixTimers,
  kCreds,
  kUtsns,
  kIpcVar,
  kIpcnsShm,
  kIpcnsMsg,
  kIpcnsSem,
  kFs,
  kRemapFpath,
  kGhostFile,
  kMemfdInode,
  kTcpStream,
  kMnts,
  kNetdev,
  kNetns,
  kIfaddr,
  kRoute,
  kRoute6,
  kRule,
  kIptables,
  kIp6tables,
  kNftables,
  kTmpfsImg,
  kTmpfsDev,
  kAutofs,
  kBinfmtMiscOld,
  kBinfmtMisc,
  kTtyFiles,
  kTtyInfo,
  kTtyData,
  kFileLocks,
  kRlimit,
  kPages,
  kPagesOld,
  kShmPagesOld,
  kSignal,
  kPsignal,
  kTunfile,
  kCgroup,
  kTimerfd,
  kCpuinfo,
  kSeccomp,
  kUserns,
  kNetnfCt,
  kNetnfExp,
  kFiles,
  kTimens,
  kPidns,
  kBpfmapFile,
  kBpfmapData,
  kApparmor,
  kPidfd,
  kStatsDump,
  kStatsRestore,
};

/// What stands before the first record.
enum class Framing : std::uint8_t {
  kRaw,        ///< nothing: no header, no records
  kInventory,  ///< u32 type magic
  kCommon,     ///< u32 common magic, u32 type magic
  kService,    ///< u32 service magic, u32 type magic
};

inline constexpr std::uint32_t kCommonMagic = 0x54564319;
inline constexpr std::uint32_t kServiceMagic = 0x55105940;

/// One row of the table. `pattern` is the file name, with one printf-like place (%u %d %lu %ld: decimal, %x:
/// hexadecimal) for the id, or none when there is one such file per set.
struct ImageInfo {
  ImageType type;
  std::string_view pattern;
  std::uint32_t magic;
  Framing framing;
};

inline constexpr ImageInfo kImages[] = {
    {ImageType::kInventory, "inventory.img", 0x58313116, Framing::kInventory},
    {ImageType::kFdinfo, "fdinfo-%u.img", 0x56213732, Framing::kCommon},
    {ImageType::kPagemap, "pagemap-%lu.img", 0x56084025, Framing::kCommon},
    {ImageType::kShmemPagemap, "pagemap-shmem-%lu.img", 0x56084025, Framing::kCommon},
    {ImageType::kRegFiles, "reg-files.img", 0x50363636, Framing::kCommon},
    {ImageType::kExtFiles, "ext-files.img", 0x59255641, Framing::kCommon},
    {ImageType::kNsFiles, "ns-files.img", 0x61394011, Framing::kCommon},
    {ImageType::kEventfdFile, "eventfd.img", 0x44523722, Framing::kCommon},
    {ImageType::kEventpollFile, "eventpoll.img", 0x45023858, Framing::kCommon},
    {ImageType::kEventpollTfd, "eventpoll-tfd.img", 0x44433746, Framing::kCommon},
    {ImageType::kSignalfd, "signalfd.img", 0x57323820, Framing::kCommon},
    {ImageType::kInotifyFile, "inotify.img", 0x48424431, Framing::kCommon},
    {ImageType::kInotifyWd, "inotify-wd.img", 0x54562009, Framing::kCommon},
    {ImageType::kFanotifyFile, "fanotify.img", 0x55096122, Framing::kCommon},
    {ImageType::kFanotifyMark, "fanotify-mark.img", 0x56506035, Framing::kCommon},
    {ImageType::kCore, "core-%u.img", 0x55053847, Framing::kCommon},
    {ImageType::kIds, "ids-%u.img", 0x54432030, Framing::kCommon},
    {ImageType::kMm, "mm-%u.img", 0x57492820, Framing::kCommon},
    {ImageType::kVmas, "vmas-%u.img", 0x54123737, Framing::kCommon},
    {ImageType::kPipes, "pipes.img", 0x56513555, Framing::kCommon},
    {ImageType::kPipesData, "pipes-data.img", 0x56453709, Framing::kCommon},
    {ImageType::kFifo, "fifo.img", 0x58364939, Framing::kCommon},
    {ImageType::kFifoData, "fifo-data.img", 0x59333054, Framing::kCommon},
    {ImageType::kPstree, "pstree.img", 0x50273030, Framing::kCommon},
    {ImageType::kSigact, "sigacts-%u.img", 0x55344201, Framing::kCommon},
    {ImageType::kUnixsk, "unixsk.img", 0x54373943, Framing::kCommon},
    {ImageType::kInetsk, "inetsk.img", 0x56443851, Framing::kCommon},
    {ImageType::kPacketsk, "packetsk.img", 0x60454618, Framing::kCommon},
    {ImageType::kNetlinkSk, "netlinksk.img", 0x58005614, Framing::kCommon},
    {ImageType::kSkQueues, "sk-queues.img", 0x56264026, Framing::kCommon},
    {ImageType::kItimers, "itimers-%u.img", 0x57464056, Framing::kCommon},
    {ImageType::kPosixTimers, "posix-timers-%u.img", 0x52603957, Framing::kCommon},
    {ImageType::kCreds, "creds-%u.img", 0x54023547, Framing::kCommon},
    {ImageType::kUtsns, "utsns-%u.img", 0x54473203, Framing::kCommon},
    {ImageType::kIpcVar, "ipcns-var-%u.img", 0x53115007, Framing::kCommon},
    {ImageType::kIpcnsShm, "ipcns-shm-%u.img", 0x46283044, Framing::kCommon},
    {ImageType::kIpcnsMsg, "ipcns-msg-%u.img", 0x55453737, Framing::kCommon},
    {ImageType::kIpcnsSem, "ipcns-sem-%u.img", 0x59573019, Framing::kCommon},
    {ImageType::kFs, "fs-%u.img", 0x51403912, Framing::kCommon},
    {ImageType::kRemapFpath, "remap-fpath.img", 0x59133954, Framing::kCommon},
    {ImageType::kGhostFile, "ghost-file-%x.img", 0x52583605, Framing::kCommon},
    {ImageType::kMemfdInode, "memfd.img", 0x48453499, Framing::kCommon},
    {ImageType::kTcpStream, "tcp-stream-%x.img", 0x51465506, Framing::kCommon},
    {ImageType::kMnts, "mountpoints-%u.img", 0x55563928, Framing::kCommon},
    {ImageType::kNetdev, "netdev-%u.img", 0x57373951, Framing::kCommon},
    {ImageType::kNetns, "netns-%u.img", 0x55933752, Framing::kCommon},
    {ImageType::kIfaddr, "ifaddr-%u.img", 0, Framing::kRaw},
    {ImageType::kRoute, "route-%u.img", 0, Framing::kRaw},
    {ImageType::kRoute6, "route6-%u.img", 0, Framing::kRaw},
    {ImageType::kRule, "rule-%u.img", 0, Framing::kRaw},
    {ImageType::kIptables, "iptables-%u.img", 0, Framing::kRaw},
    {ImageType::kIp6tables, "ip6tables-%u.img", 0, Framing::kRaw},
    {ImageType::kNftables, "nftables-%u.img", 0, Framing::kRaw},
    {ImageType::kTmpfsImg, "tmpfs-%u.tar.gz.img", 0, Framing::kRaw},
    {ImageType::kTmpfsDev, "tmpfs-dev-%u.tar.gz.img", 0, Framing::kRaw},
    {ImageType::kAutofs, "autofs-%u.img", 0x49353943, Framing::kCommon},
    {ImageType::kBinfmtMiscOld, "binfmt-misc-%u.img", 0x67343323, Framing::kCommon},
    {ImageType::kBinfmtMisc, "binfmt-misc.img", 0x67343323, Framing::kCommon},
    {ImageType::kTtyFiles, "tty.img", 0x59433025, Framing::kCommon},
    {ImageType::kTtyInfo, "tty-info.img", 0x59453036, Framing::kCommon},
    {ImageType::kTtyData, "tty-data.img", 0x59413026, Framing::kCommon},
    {ImageType::kFileLocks, "filelocks.img", 0x54323616, Framing::kCommon},
    {ImageType::kRlimit, "rlimit-%u.img", 0x57113925, Framing::kCommon},
    {ImageType::kPages, "pages-%u.img", 0, Framing::kRaw},
    {ImageType::kPagesOld, "pages-%d.img", 0x56084025, Framing::kCommon},
    {ImageType::kShmPagesOld, "pages-shmem-%ld.img", 0x56084025, Framing::kCommon},
    {ImageType::kSignal, "signal-s-%u.img", 0x59255647, Framing::kCommon},
    {ImageType::kPsignal, "signal-p-%u.img", 0x59255647, Framing::kCommon},
    {ImageType::kTunfile, "tunfile.img", 0x57143751, Framing::kCommon},
    {ImageType::kCgroup, "cgroup.img", 0x59383330, Framing::kCommon},
    {ImageType::kTimerfd, "timerfd.img", 0x50493712, Framing::kCommon},
    {ImageType::kCpuinfo, "cpuinfo.img", 0x61404013, Framing::kCommon},
    {ImageType::kSeccomp, "seccomp.img", 0x64413049, Framing::kCommon},
    {ImageType::kUserns, "userns-%u.img", 0x55474906, Framing::kCommon},
    {ImageType::kNetnfCt, "netns-ct-%u.img", 0, Framing::kRaw},
    {ImageType::kNetnfExp, "netns-exp-%u.img", 0, Framing::kRaw},
    {ImageType::kFiles, "files.img", 0x56303138, Framing::kCommon},
    {ImageType::kTimens, "timens-%u.img", 0x43114433, Framing::kCommon},
    {ImageType::kPidns, "pidns-%u.img", 0x61157326, Framing::kCommon},
    {ImageType::kBpfmapFile, "bpfmap-file.img", 0x57506142, Framing::kCommon},
    {ImageType::kBpfmapData, "bpfmap-data.img", 0x64324033, Framing::kCommon},
    {ImageType::kApparmor, "apparmor.img", 0x59423047, Framing::kCommon},
    {ImageType::kPidfd, "pidfd.img", 0x54435556, Framing::kCommon},
    {ImageType::kStatsDump, "stats-dump", 0x57093306, Framing::kService},
    {ImageType::kStatsRestore, "stats-restore", 0x57093306, Framing::kService},
};
inline constexpr std::size_t kImageCount = std::size(kImages);

constexpr const ImageInfo& image_info(ImageType type) { return kImages[static_cast<std::size_t>(type)]; }

namespace detail {
consteval bool table_in_order() {
  for (std::size_t i = 0; i < kImageCount; ++i)
    if (static_cast<std::size_t>(kImages[i].type) != i) return false;
  return true;
}
static_assert(table_in_order(), "kImages must follow the order of ImageType");
}  // namespace detail

/// The file name of image `id` of a type; `id` is ignored where the set holds one such file.
std::string image_name(ImageType type, std::uint64_t id = 0);

/// A file name taken apart.
struct ImageName {
  ImageType type;
  std::uint64_t id;  ///< 0 where the name carries none
};

/// The opposite of image_name; nothing when no kind of image is called so (first match in table order: a name like
/// pages-1.img is kPages, not kPagesOld). Ids with leading zeros or beyond 64 bits are no match.
std::optional<ImageName> parse_image_name(std::string_view name);

}  // namespace cr::core
