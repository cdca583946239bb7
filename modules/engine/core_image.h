// core-<tid>.img: one record per thread, to which every module adds its part.
#pragma once

#include "base/result.h"
#include "core/contexts.h"

namespace cr::engine {

Result<> write_core_images(DumpCtx&);
/// Fills the Models of all modules, and state and exit code of the tasks.
Result<> read_core_images(ReadCtx&);

}  // namespace cr::engine
