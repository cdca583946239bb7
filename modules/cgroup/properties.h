// The settings of one control group.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cgroup/cgroup.h"

namespace cr::cgroup {

/// What can be read and written, and keeps what was written. `dir` is open for reading.
std::vector<Property> read_properties(int dir);

/// Settings that a group needs before it has members, and the others.
enum class Phase { kBeforeMembers, kAtEnd };
/// Writes those that differ; some wait for others, so what fails is tried again. With `perms` owners and modes too.
/// Errors: one that can't be set, as it is said in `object`.
Result<> restore_properties(int dir, std::span<const Property> properties, Phase phase, bool perms,
                            const std::string& object);

Perms perms_of(int dir, const char* file);
/// Errors: chown(2), chmod(2).
Result<> set_perms(int dir, const char* file, const Perms& perms, const std::string& object);

}  // namespace cr::cgroup
