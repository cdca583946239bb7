// Stand-ins for what an architecture has not. A backend takes those that it needs by `using namespace`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/sys_result.h"

namespace cr::arch {

/// The local descriptor table of an address space.
namespace no_ldt {
inline constexpr std::uint64_t kLdtBytes = 0;
inline constexpr long kNrLdt = -1;

/// An image of another architecture is refused long before.
inline SysResult set_ldt(std::span<const std::uint64_t> descriptors) { return descriptors.empty() ? 0 : -22; }
}  // namespace no_ldt

/// Programs of a second, narrower ABI that are carried.
namespace no_compat {
inline constexpr std::uint64_t kCompatEnd = 1ull << 32, kMapCompat = 0, kCompatRobustList = 0;
inline constexpr long kCompatGetpid = -1, kCompatSigaction = -1, kCompatSetRobustList = -1, kCompatGetRobustList = -1;
inline constexpr long kCompatSocketcall = -1, kCompatIpc = -1, kCompatSigtimedwait = -1, kCompatIoGetevents = -1;
constexpr long shown_call(long nr, std::uint64_t, std::uint64_t) { return nr; }
inline SysResult compat_call(long, long, long, long, long) { return -38; }  // ENOSYS
inline SysResult map_compat_vdso(std::uint64_t) { return -38; }
}  // namespace no_compat

/// Whether the cpuid instruction works: there is no such thing (-ENODEV).
namespace no_cpuid {
inline long cpuid_allowed() { return -19; }
inline SysResult forbid_cpuid() { return -19; }
}  // namespace no_cpuid

/// Instructions that compute CRC32C: nothing is called when there are none.
namespace no_crc32c {
inline bool crc32c_available() { return false; }
inline std::uint32_t crc32c_serial(std::uint32_t state, const unsigned char*, std::size_t) { return state; }
inline void crc32c_lanes(std::uint32_t (&)[3], const unsigned char*, std::size_t) {}
}  // namespace no_crc32c

/// Carry-less multiplication wide enough to be faster than those instructions.
namespace no_crc32c_fold {
inline constexpr std::size_t kCrc32cFold = 256;
inline bool crc32c_fold_available() { return false; }
inline std::uint32_t crc32c_fold(std::uint32_t state, const unsigned char*, std::size_t, std::uint64_t,
                                 std::uint64_t) {
  return state;
}
}  // namespace no_crc32c_fold

}  // namespace cr::arch
