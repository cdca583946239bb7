// --status-fd: one zero byte on a descriptor of the caller says that the engine is ready.
#pragma once

#include "base/result.h"

namespace cr::engine {

/// Writes the byte and closes the descriptor; nothing for a negative number. Errors: write(2).
Result<> report_ready(int status_fd);

}  // namespace cr::engine
