#include "engine/modules.h"

#include "core/file_kind.h"
#include "files/epoll.h"
#include "files/eventfd.h"
#include "files/files.h"
#include "files/inotify.h"
#include "files/memfd.h"
#include "files/pipe.h"
#include "files/regular.h"
#include "files/signalfd.h"
#include "files/timerfd.h"
#include "mm/mm.h"
#include "net/inet_socket.h"
#include "net/net.h"
#include "net/unix_socket.h"
#include "security/creds.h"
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
    &task::kTreeModule, &task::kRegsModule, &task::kThreadState, &task::kLimits,    &task::kSched,
    &task::kPrctls,     &signals::kModule,  &timers::kModule,    &security::kCreds, &security::kSeccomp,
    &files::kModule,    &tty::kModule,      &net::kModule,       &mm::kModule,
};

// In matching order: a kind that is recognised by its name stands before those that are recognised by their type.
// Sockets first: their settle finds descriptions of all kinds that are only in flight.
constexpr const FileKind* kFileKinds[] = {
    &net::kUnixKind,      &net::kInetKind,    &files::kEventfdKind, &files::kSignalfdKind,
    &files::kTimerfdKind, &files::kEpollKind, &files::kInotifyKind, &files::kMemfdKind,
    &files::kPipeKind,    &files::kFifoKind,  &tty::kKind,          &files::kRegularKind,
};

}  // namespace

std::span<const FileKind* const> file_kinds() { return kFileKinds; }

namespace engine {
std::span<const Module* const> modules() { return kModules; }
}  // namespace engine

}  // namespace cr
