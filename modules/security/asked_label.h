// --lsm-profile: a label of a security module for all tasks instead of their own.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cr::security {

/// The label of TYPE:LABEL; empty: unconfined. Errors: one of a security module that this kernel does not run.
Result<std::string> asked_label(std::string_view asked);

}  // namespace cr::security
