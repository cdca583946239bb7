// Pseudo terminals with given numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "tty/tty.h"

namespace cr::tty {

/// The node of ptmx that a pair's master is opened by.
std::string ptmx_of(const Model& model, const Pair& pair);

/// O_* that the master's only description had.
std::uint32_t master_flags(const RestoreCtx& ctx, const Model& model, const Pair& pair);

/// Opens `ptmx` until every number of `wanted` (with the O_* for it) came: the kernel gives the lowest that is free,
/// and what is not wanted is held meanwhile. Errors: open(2); a number that somebody took since the plan.
Result<std::map<std::uint32_t, UniqueFd>> make_masters(const std::string& ptmx,
                                                       const std::map<std::uint32_t, std::uint32_t>& wanted);

}  // namespace cr::tty
