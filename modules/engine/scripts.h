// Action scripts: programs of the caller that run at fixed points of a dump or restore (--action-script).
#pragma once

#include <signal.h>

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "core/options.h"

namespace cr::engine {

/// What the engine ignores, and its scripts do not: a log that nobody reads, a limit on the size of files. Then they
/// are errors of a call, which have a way to be told and undone.
inline constexpr int kIgnoredSignals[] = {SIGPIPE, SIGXFSZ};

/// Those of CRIU but pre-stream and status-ready, which belong to streamers and page servers, query-ext-files, whose
/// answer --external gives, and orphan-pts-master, which only a caller of the RPC is told (tty/orphan.h).
enum class ScriptPoint : std::uint8_t {
  kPreDump,
  kPostDump,
  kPreRestore,
  kPostRestore,
  kPreResume,
  kPostResume,
  kNetworkLock,
  kNetworkUnlock,
  kSetupNamespaces,
  kPostSetupNamespaces,
};

/// What a script finds in CRTOOLS_SCRIPT_ACTION.
std::string_view script_point_name(ScriptPoint);

/// Tells options.notify, then runs every script of the options one after the other and waits for each. They get
/// CRTOOLS_SCRIPT_ACTION, CRTOOLS_IMAGE_DIR and, when `init` is known, CRTOOLS_INIT_PID, as the caller's pid
/// namespace sees it. Without a script no process is made. Errors: a script that can't be started or doesn't exit
/// with 0; those after it don't run.
Result<> run_scripts(const Options&, ScriptPoint, HostPid init = {});

}  // namespace cr::engine
