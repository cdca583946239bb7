#include "engine/modules.h"

#include "cgroup/cgroup.h"
#include "core/file_kind.h"
#include "core/ns_kind.h"
#include "files/bpf_map.h"
#include "files/epoll.h"
#include "files/eventfd.h"
#include "files/fanotify.h"
#include "files/files.h"
#include "files/inotify.h"
#include "files/io_uring.h"
#include "files/memfd.h"
#include "files/namespace_file.h"
#include "files/pidfd.h"
#include "files/pipe.h"
#include "files/regular.h"
#include "files/signalfd.h"
#include "files/timerfd.h"
#include "ipc/ipc.h"
#include "ipc/mqueue.h"
#include "mm/mm.h"
#include "mnt/mnt.h"
#include "mnt/servers.h"
#include "net/inet_socket.h"
#include "net/net.h"
#include "net/netlink_socket.h"
#include "net/packet_socket.h"
#include "net/tun_file.h"
#include "net/unix_socket.h"
#include "netns/netns.h"
#include "ns/ns.h"
#include "ns/pid.h"
#include "ns/time_ns.h"
#include "ns/user.h"
#include "ns/uts.h"
#include "security/confinement.h"
#include "security/creds.h"
#include "security/keys.h"
#include "security/seccomp.h"
#include "signals/signals.h"
#include "task/prctls.h"
#include "task/regs.h"
#include "task/resource_limits.h"
#include "task/scheduling.h"
#include "task/thread_state.h"
#include "task/tree.h"
#include "timers/timers.h"
#include "tty/tty.h"

namespace cr {
namespace {

constexpr const Module* kModules[] = {
    &task::kTreeModule,  &ns::kModule,        &mnt::kServers,    &task::kRegsModule,
    &task::kThreadState, &task::kLimits,      &task::kSched,     &task::kPrctls,
    &signals::kModule,   &timers::kModule,    &security::kCreds, &security::kConfinement,
    &security::kKeys,    &security::kSeccomp, &files::kModule,   &tty::kModule,
    &mnt::kModule,       &net::kModule,       &ipc::kModule,     &mm::kModule,
    &cgroup::kModule,
};

// In the order in which a process that has a namespace of its own makes it.
constexpr const NsKind* kNsKinds[] = {&ns::kUserKind, &ns::kPidKind,    &ns::kUtsKind,  &ipc::kNamespace,
                                      &netns::kKind,  &cgroup::kNsKind, &ns::kTimeKind, &mnt::kKind};

// In matching order: a kind that is recognised by its name stands before those that are recognised by their type.
// Sockets first: their settle finds descriptions of all kinds that are only in flight.
constexpr const FileKind* kFileKinds[] = {
    &net::kUnixKind,       &net::kInetKind,        &net::kNetlinkKind, &net::kPacketKind,    &files::kEventfdKind,
    &files::kSignalfdKind, &files::kTimerfdKind,   &files::kEpollKind, &files::kInotifyKind, &files::kFanotifyKind,
    &files::kBpfMapKind,   &files::kMemfdKind,     &files::kPipeKind,  &files::kFifoKind,    &ipc::kMqueueKind,
    &files::kPidfdKind,    &files::kNamespaceKind, &tty::kKind,        &net::kTunKind,       &files::kIoUringKind,
    &files::kRegularKind,
};

}  // namespace

std::span<const FileKind* const> file_kinds() { return kFileKinds; }
std::span<const NsKind* const> ns_kinds() { return kNsKinds; }

namespace engine {
std::span<const Module* const> modules() { return kModules; }
}  // namespace engine

}  // namespace cr
