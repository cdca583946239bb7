// Device numbers of terminals (Documentation/admin-guide/devices.txt).
#pragma once

#include <sys/sysmacros.h>
#include <sys/types.h>

#include <cstdint>

namespace cr::tty {

inline constexpr unsigned kVtMajor = 4, kAuxMajor = 5, kPtsMajor = 136, kPtsMajors = 8;
inline constexpr unsigned kFirstSerialMinor = 64;  ///< minors of kVtMajor below are virtual consoles

inline bool is_slave_node(dev_t rdev) { return major(rdev) >= kPtsMajor && major(rdev) < kPtsMajor + kPtsMajors; }
inline bool is_master_node(dev_t rdev) { return rdev == makedev(kAuxMajor, 2); }
inline std::uint32_t index_of_slave(dev_t rdev) { return (major(rdev) - kPtsMajor) * 256 + minor(rdev); }
inline dev_t slave_node(std::uint32_t index) { return makedev(kPtsMajor + index / 256, index % 256); }

}  // namespace cr::tty
