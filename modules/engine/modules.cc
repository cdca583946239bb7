#include "engine/modules.h"

#include "core/file_kind.h"
#include "files/files.h"
#include "files/kinds.h"
#include "mm/mm.h"
#include "net/unix_socket.h"
#include "task/regs.h"
#include "task/tree.h"

namespace cr::engine {
namespace {

constexpr const Module* kModules[] = {
    &task::kTreeModule,
    &task::kRegsModule,
    &mm::kModule,
    &files::kModule,
};

/// In matching order: a memfd and a fifo also look like regular files. Sockets first, since their settle finds
/// descriptions of all kinds in flight.
constexpr const FileKind* kFileKinds[] = {
    &net::kUnixKind,       &files::kMemfdKind,    &files::kFifoKind,    &files::kRegularKind, &files::kPipeKind,
    &files::kEventfdKind,  &files::kSignalfdKind, &files::kTimerfdKind, &files::kEpollKind,   &files::kInotifyKind,
};

}  // namespace

std::span<const Module* const> modules() { return kModules; }

}  // namespace cr::engine

namespace cr {
std::span<const FileKind* const> file_kinds() { return engine::kFileKinds; }
}  // namespace cr
