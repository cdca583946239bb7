// What links of /proc/PID/fd end with when the file has no name any more.
#pragma once

#include <string_view>

namespace cr::core {

inline constexpr std::string_view kDeletedMark = " (deleted)";

}  // namespace cr::core
