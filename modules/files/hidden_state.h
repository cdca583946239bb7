// What the kernel keeps of a file with a path and does not show, so that opening the path again would lose it:
// watches of a directory (dnotify), triggers of pressure files (PSI), a mount that is in no namespace.
#pragma once

#include <string>

#include "core/contexts.h"
#include "core/file_kind.h"

namespace cr::files {

/// Refuses by name what has such state. `path` is where the dumper finds the file, if it finds it there.
Result<> check_hidden_state(DumpCtx& ctx, const FileProbe& probe, const std::string& path);

}  // namespace cr::files
