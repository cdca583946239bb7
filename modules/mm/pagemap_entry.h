// Entries of /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst.
#pragma once

#include <cstdint>

namespace cr::mm {

inline constexpr std::uint64_t kEntryPresent = 1ull << 63, kEntryExclusive = 1ull << 56;
inline constexpr std::uint64_t kEntryFrame = (1ull << 55) - 1;  // of a present page

}  // namespace cr::mm
