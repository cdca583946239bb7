// Extended attributes of files that are made again: deleted ones, memfds.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cr::files {

/// Names and values.
using Xattrs = std::vector<std::pair<std::string, std::string>>;

/// Those that make a difference to programs; the label of a security module is given anew by that module. Errors:
/// listxattr(2), getxattr(2).
Result<Xattrs> read_xattrs(const std::string& path, const std::string& object);
/// Errors: setxattr(2).
Result<> write_xattrs(const Xattrs& xattrs, const std::string& path, const std::string& object);

}  // namespace cr::files
