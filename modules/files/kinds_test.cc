// The table of kinds for the tests of this folder; the engine's is in engine/modules.cc.
#include "files/kinds.h"
#include "net/inet_socket.h"
#include "net/unix_socket.h"

namespace cr {
namespace {
constexpr const FileKind* kKinds[] = {
    &net::kUnixKind,      &net::kInetKind,    &files::kMemfdKind,   &files::kFifoKind,
    &files::kRegularKind, &files::kPipeKind,  &files::kEventfdKind, &files::kSignalfdKind,
    &files::kTimerfdKind, &files::kEpollKind, &files::kInotifyKind,
};
}  // namespace

std::span<const FileKind* const> file_kinds() { return kKinds; }

}  // namespace cr
