// inventory.img, which makes a set complete, timens-0.img, and the statistics.
#pragma once

#include "base/result.h"
#include "core/contexts.h"

namespace cr::engine {

Result<> write_inventory(DumpCtx&);
/// Errors: a version of the format that we don't read, a set that needs what is not carried yet.
Result<> read_inventory(ReadCtx&);

}  // namespace cr::engine
