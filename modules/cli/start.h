// What comes between reading the options and acting on them.
#pragma once

#include "base/result.h"
#include "cli/invocation.h"

namespace cr::cli {

/// Makes sure of descriptors 0 to 2 and of errors instead of signals, closes what --close names, makes sure that the
/// directories are there, opens the log. Errors: a directory that is missing, a log that can't be written.
Result<> prepare(const Invocation&);

}  // namespace cr::cli
