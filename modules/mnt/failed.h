// The error of a step that the kernel refused.
#pragma once

#include <cerrno>
#include <string>

#include "base/error.h"

namespace cr::mnt {

inline Error failed(const char* step, const std::string& object) { return Error{"mnt", step, object, errno, ""}; }

}  // namespace cr::mnt
